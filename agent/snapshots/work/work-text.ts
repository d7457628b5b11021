import type { SnapshotWork } from './snapshot-work.ts';

type Check = (value: unknown) => boolean;
type Checks<Work> = { readonly [Field in keyof Omit<Work, 'kind' | 'id' | 'by'>]-?: Check };

const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || isText(value);

const CHECKS: { readonly [Kind in SnapshotWork['kind']]: Checks<Extract<SnapshotWork, { readonly kind: Kind }>> } = {
  take: { prove: (value) => typeof value === 'boolean', recipients: (value) => Array.isArray(value) && value.every(isText), cluster: isTextOrNull },
  check: { snapshot: isTextOrNull },
  prove: { snapshot: isTextOrNull, identityFile: isTextOrNull },
  prune: {},
  command: {},
};
const BY: readonly unknown[] = ['person', 'schedule', 'command'] satisfies readonly SnapshotWork['by'][];

/** As one word of an argument list, with nothing in it that systemd would expand. */
export function formatWork(work: SnapshotWork): string {
  return Buffer.from(JSON.stringify(work)).toString('base64url');
}

/** @returns null where it is none */
export function parseWork(text: string): SnapshotWork | null {
  const work = parsed(text);
  const kind = Object.keys(CHECKS).find((known) => known === work['kind']) as SnapshotWork['kind'] | undefined;
  if (kind === undefined || !isText(work['id']) || !BY.includes(work['by'])) return null;
  return Object.entries<Check>(CHECKS[kind]).every(([field, isRight]) => isRight(work[field])) ? (work as unknown as SnapshotWork) : null;
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
