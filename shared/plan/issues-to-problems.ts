import type { z } from 'zod';

import type { Problem, ProblemCode } from './problem.ts';
import { problem } from './problem.ts';

/** What the schema found, in our words. Their messages come from section.ts and field.ts. */
export function issuesToProblems(issues: readonly z.core.$ZodIssue[]): readonly Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
    switch (issue.code) {
      case 'unrecognized_keys': {
        const messages = issue.message.split('\n');
        return issue.keys.map((key, index) => problem([...path, key], 'unknown-key', messages[index] ?? '', 'key'));
      }
      case 'custom':
        return [problem(path, issue.params?.['code'] as ProblemCode, issue.message, issue.params?.['at'] as Problem['at'])];
      case 'invalid_type':
        return [problem(path, typeCode(issue.input), issue.message)];
      // zod counts the letters of a text, too, that stands where a list has to.
      case 'too_small':
        return Array.isArray(issue.input) ? [problem(path, 'empty', issue.message)] : [];
      case 'too_big':
        return Array.isArray(issue.input) ? [problem(path, 'too-many', issue.message)] : [];
      default:
        throw new Error(`the schema made an issue that nobody words: ${issue.code}`);
    }
  });
}

function typeCode(input: unknown): ProblemCode {
  if (input === undefined) return 'missing';
  return input === null ? 'empty' : 'wrong-type';
}
