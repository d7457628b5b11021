import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { whileHeard } from '../../../../coordinator/gateway/while-heard.ts';

const MAX_MS = 60;
const says = (part: string): boolean => part !== '';

function senderOf(...parts: readonly string[]): PassThrough {
  const stream = new PassThrough({ objectMode: true });
  for (const part of parts) stream.write(part);
  return stream;
}

async function heard(stream: PassThrough, workMs = 0): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const part of whileHeard(stream, says, MAX_MS)) {
    all.push(String(part));
    await sleep(workMs);
  }
  return all;
}

test('what is done with a part may take longer than a silence', async () => {
  const stream = senderOf('a', 'b');
  stream.end();
  expect(await heard(stream, 3 * MAX_MS)).toEqual(['a', 'b']);
});

test('who says nothing is ended', async () => {
  const stream = senderOf('a');
  await expect(heard(stream)).rejects.toThrow('nothing arrived for 0.06 s');
  expect(stream.destroyed).toBe(true);
});

test('nor do parts with nothing in them keep a stream open', async () => {
  const stream = senderOf('a');
  const empty = setInterval(() => stream.write(''), MAX_MS / 6);
  stream.once('close', () => clearInterval(empty));
  await expect(heard(stream)).rejects.toThrow('nothing arrived');
});
