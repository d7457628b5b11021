import { expect, test } from 'vitest';

import { effectiveProblems } from '../../agent/steps/containerd/effective-config.ts';
import { mergeConfig } from '../../agent/steps/containerd/merge-config.ts';
import { CONTAINERD_16, CONTAINERD_17 } from '../support/containerd-settings.ts';
import { CONTAINERD_SHAPES, mergeOf } from '../support/containerd-shapes.ts';
import { containerdDump } from './containerd-dump.ts';
import { unpackedContainerd } from './unpacked-containerd.ts';

/** Those that the fleet's packages are made of; `npm run prove:runtimes` asks a 2.x too, and looks at what is foreign. */
const DAEMONS = [{ suite: 'bookworm', release: CONTAINERD_16 }, { suite: 'trixie', release: CONTAINERD_17 }];

test.each(DAEMONS)('the containerd of $suite takes every merged configuration, and does what the plan says', async ({ suite, release }) => {
  const containerd = await unpackedContainerd(suite);
  const shapes = CONTAINERD_SHAPES.filter(({ on, refused }) => refused === null && on.includes(release));
  for (const shape of shapes) {
    const merged = mergeConfig(mergeOf(shape));
    if (!merged.ok) throw new Error(`${shape.name}: ${merged.message}`);
    const { problem, text } = await containerdDump(containerd, merged.text ?? '', shape.dropIns);
    expect([shape.name, problem, problem === '' ? effectiveProblems(text, shape.settings) : []]).toEqual([shape.name, '', []]);
  }
  expect(shapes.length).toBeGreaterThanOrEqual(8);
});
