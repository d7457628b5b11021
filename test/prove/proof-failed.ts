/** What was promised does not hold: what differs, and what the hosts say about it. */
export class ProofFailed extends Error {
  readonly problems: readonly string[];
  readonly details: string;

  constructor(problems: readonly string[], details: string) {
    super(problems.join('\n'));
    this.name = 'ProofFailed';
    this.problems = problems;
    this.details = details;
  }
}
