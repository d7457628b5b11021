/** What can be wrong with a file that a person wrote: a closed list, so that editors and scripts can act on it. */
export type ProblemCode =
  | 'too-large'
  | 'bad-yaml'
  | 'tab'
  | 'too-deep'
  | 'too-many-aliases'
  | 'several-documents'
  | 'empty'
  | 'duplicate-key'
  | 'unknown-key'
  | 'missing'
  | 'wrong-type'
  | 'wrong-kind'
  | 'not-allowed'
  | 'out-of-range'
  | 'bad-duration'
  | 'bad-name'
  | 'not-exact'
  | 'duplicate-name'
  | 'conflict'
  | 'too-many'
  | 'no-effect'
  | 'nothing-proves';

export type PropertyPath = readonly (string | number)[];

/** One problem, before its place in the file is known. */
export interface Problem {
  readonly path: PropertyPath;
  readonly code: ProblemCode;
  /** Cause and remedy. */
  readonly message: string;
  /** `key` points at the last key of the path instead of its value: an unknown or duplicated key. */
  readonly at: 'key' | 'value';
  readonly severity: 'error' | 'warning';
}

export function problem(path: PropertyPath, code: ProblemCode, message: string, at: Problem['at'] = 'value'): Problem {
  return { path, code, message, at, severity: 'error' };
}

export function warning(path: PropertyPath, code: ProblemCode, message: string): Problem {
  return { path, code, message, at: 'value', severity: 'warning' };
}
