import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';

import type { CliContext } from '../../../coordinator/cli/context.ts';
import { openProgress } from '../../../coordinator/cli/progress.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

let clock: ManualClock;
let lines: string[];
let drawn: string[];

beforeEach(() => {
  [clock, lines, drawn] = [manualClock(), [], []];
});

function open({ onTerminal }: { readonly onTerminal: boolean }) {
  const terminal = onTerminal ? { write: (text: string) => void drawn.push(text) } : null;
  return openProgress({ json: false, io: { clock, terminal, err: (line: string) => void lines.push(line) } } as unknown as CliContext);
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await setImmediate();
}

test('what comes at once, and is followed by nothing for long, is shown after two seconds, once', async () => {
  const progress = open({ onTerminal: false });
  progress.show('takes a snapshot on cp-2');
  await pass(1_999);
  expect(lines).toEqual([]);
  await pass(1);
  expect(lines).toEqual(['takes a snapshot on cp-2']);
  await pass(60_000);
  expect(lines).toHaveLength(1);
  progress.end();
});

test('of what comes fast, each line says how far it is by then', async () => {
  const progress = open({ onTerminal: false });
  await pass(2_000);
  for (const percent of [10, 20, 30]) progress.show(`${percent} %`);
  await pass(5_000);
  expect(lines).toEqual(['30 %']);
  progress.end();
});

test('on a terminal it is drawn over, and gone at the end', async () => {
  const progress = open({ onTerminal: true });
  progress.show('half');
  await pass(100);
  progress.end();
  progress.show('late');
  await pass(1_000);
  expect(drawn).toEqual(['\r\u001b[Khalf', '\r\u001b[K']);
});
