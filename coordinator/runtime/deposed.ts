/**
 * Somebody else appended to a log that only the leader writes: this coordinator leads no more. The process ends and
 * systemd starts it again as a follower; nothing that it still holds in memory may be acted on.
 */
export class Deposed extends Error {
  constructor(stream: string, expectedSequence: number, actualSequence: number) {
    super(`${stream} is at ${actualSequence}, not at ${expectedSequence}: another coordinator leads this fleet`);
    this.name = 'Deposed';
  }
}
