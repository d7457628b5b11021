import { dirname, join } from 'node:path';

import { parseRelease } from '../../../shared/domain/release.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import type { InstalledContainerd } from './installed-containerd.ts';

/** What containerd says of something that version 2 has no more. */
const GONE = /removed in containerd v2\.0/;

/**
 * Before a major, containerd is asked what is used of it that ends: it remembers since it was started, from 1.6.27 and 1.7.12
 * on. https://github.com/containerd/containerd/blob/main/RELEASES.md
 *
 * @returns why the next major cannot take over from this one
 */
export async function refuseDeprecated(run: RunProgram, { program, release, version }: InstalledContainerd, alsoFor: string | null, { signal, output }: StepContext): Promise<StepFailure | null> {
  const next = parseRelease(alsoFor ?? '');
  if (next === null || next.major <= release.major) return null;
  const { code, stdout } = await run([join(dirname(program), 'ctr'), 'deprecations', 'list', '--format', 'json'], { signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return { code: 127, stdout: '' };
  });
  const told = code === 0 ? readWarnings(stdout) : null;
  if (told === null) {
    output(`containerd ${version} does not tell what is used of it that ends with containerd ${next.major}\n`);
    return null;
  }
  for (const { id, message } of told) output(`deprecated: ${id}: ${message}\n`);
  const gone = told.filter(({ message }) => GONE.test(message));
  if (gone.length === 0) return null;
  return stepFailure('config-refused', `deprecated-in-use: containerd ${next.major} does without what was used here since containerd was started: ${gone.map(({ id }) => id.replace(/^.*\//, '')).join(', ')}; end that, restart containerd, and start again`, 'containerd');
}

interface Warning {
  readonly id: string;
  readonly message: string;
}

function readWarnings(text: string): readonly Warning[] | null {
  try {
    const list = JSON.parse(text === '' ? '[]' : text) as unknown;
    return (Array.isArray(list) ? list : []).map((one: Partial<Record<'id' | 'message', unknown>>) => ({ id: String(one.id), message: String(one.message) }));
  } catch {
    return null;
  }
}
