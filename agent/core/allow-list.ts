import { AGENT_PACKAGE, type StepSpec } from '../../shared/domain/step-spec.ts';

/** What this host lets a plan do (agent.yaml `allow`); no coordinator can widen it. Patterns know `*` only. */
export interface AllowList {
  readonly steps: readonly string[];
  readonly packages: readonly string[];
  readonly sources: readonly string[];
  /** Paths that a plan chooses, in whatever step; `*` goes over slashes too. */
  readonly files: readonly string[];
  readonly hooks: readonly string[];
}

const EVERYTHING: readonly string[] = ['*'];

/** What holds where an admin wrote nothing. */
export const ALLOW_ALL: AllowList = { steps: EVERYTHING, packages: EVERYTHING, sources: EVERYTHING, files: EVERYTHING, hooks: EVERYTHING };

/** @returns what the host's admin does not allow, for a person; '' where everything is. */
export function notAllowed(steps: readonly StepSpec[], allow: AllowList): string {
  for (const step of steps) {
    if (!matches(step.kind, allow.steps)) return `steps of kind ${step.kind}`;
    const refused = namesOf(step).find(([list, , name]) => !matches(name, allow[list]));
    if (refused !== undefined) return `${refused[1]} ${refused[2]}`;
  }
  return '';
}

/** What a step names that an admin has a list for. */
function namesOf(step: StepSpec): readonly (readonly [list: keyof AllowList, what: string, name: string])[] {
  switch (step.kind) {
    case 'packages':
      return [
        ...[...step.install.map(({ name }) => name), ...(step.remove ?? [])].map((name) => ['packages', 'package', name] as const),
        ...step.sources.map((name) => ['sources', 'package source', name] as const),
      ];
    case 'agent_upgrade':
      return [['packages', 'package', AGENT_PACKAGE], ...step.sources.map((name) => ['sources', 'package source', name] as const)];
    case 'files':
      return step.files.map(({ path }) => ['files', 'file', path] as const);
    case 'containerd':
      return (step.settings.registry?.hosts ?? []).map(({ host }) => ['files', 'file', `${step.settings.registry?.configPath}/${host}/hosts.toml`] as const);
    case 'hook':
      return [['hooks', 'hook', step.hook]];
    default:
      return [];
  }
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
