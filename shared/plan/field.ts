import { z } from 'zod';

import type { Problem, ProblemCode, PropertyPath } from './problem.ts';

export interface Complaints {
  /** Says what is wrong with the value and gives it up. */
  readonly stop: (code: ProblemCode, message: string) => never;
  /** Says what is wrong with what lies at a path below the value, and goes on to find more. */
  readonly note: (below: PropertyPath, code: ProblemCode, message: string, at?: Problem['at']) => void;
}

/** One value of a file. `read` gets whatever stands there, undefined where nothing does, and returns what it means. */
export function field<T>(read: (input: unknown, complaints: Complaints) => T) {
  return z.unknown().transform((input, context): T => {
    const note: Complaints['note'] = (below, code, message, at = 'value') => {
      context.issues.push({ code: 'custom', input, message, params: { code, at }, path: [...below] });
    };
    try {
      return read(input, {
        note,
        stop: (code, message) => {
          note([], code, message);
          throw new GivenUp();
        },
      });
    } catch (cause) {
      if (cause instanceof GivenUp) return z.NEVER;
      throw cause;
    }
  });
}

/** Leaves `read` from however deep; never seen outside this file. */
class GivenUp extends Error {}
