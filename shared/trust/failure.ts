/** An operating error as data: a closed code for programs, one sentence or two for people that name the cause and the remedy. */
export interface Failure<Code extends string> {
  readonly ok: false;
  readonly code: Code;
  readonly message: string;
}

export function failure<Code extends string>(code: Code, message: string): Failure<Code> {
  return { ok: false, code, message };
}
