import type { StepSpec } from '../../shared/domain/step-spec.ts';

/** What this host lets a plan do (agent.yaml `allow`); no coordinator can widen it. Patterns know `*` only. */
export interface AllowList {
  readonly steps: readonly string[];
  readonly packages: readonly string[];
  readonly sources: readonly string[];
}

/** @returns what the host's admin does not allow, for a person; '' where everything is. */
export function notAllowed(steps: readonly StepSpec[], allow: AllowList): string {
  for (const step of steps) {
    if (!matches(step.kind, allow.steps)) return `steps of kind ${step.kind}`;
    if (step.kind !== 'packages') continue;
    const name = step.install.find((wanted) => !matches(wanted.name, allow.packages))?.name;
    if (name !== undefined) return `package ${name}`;
    const source = step.sources.find((wanted) => !matches(wanted, allow.sources));
    if (source !== undefined) return `package source ${source}`;
  }
  return '';
}

function matches(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => globMatches(text, pattern));
}

/** Linear in text times pattern: no regular expression is made of what a file says. */
function globMatches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  const last = rest.at(-1) ?? '';
  let from = first.length;
  for (const part of rest.slice(0, -1)) {
    const found = text.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
