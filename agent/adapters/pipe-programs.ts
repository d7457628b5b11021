import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { PipePrograms } from '../ports/programs.ts';
import { startProgram } from './start-program.ts';

/** @throws where one of them is not there, and the signal's reason where it fired. */
export const pipePrograms: PipePrograms = async (from, to, options) => {
  const reader = startProgram(to, options, 'stdin');
  const writer = startProgram(from, options, 'stdout');
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      options.passed?.(chunk.length);
      done(null, chunk);
    },
  });
  // The reader may end before it has read everything: then the writer has nobody left to write to.
  const flow = writer.stdout === null || reader.stdin === null ? Promise.resolve() : pipeline(writer.stdout, counted, reader.stdin).catch(() => writer.end());
  try {
    const [, ended, read] = await Promise.all([flow, writer.ended, reader.ended]);
    return { from: ended, to: read };
  } catch (error) {
    writer.end();
    reader.end();
    await Promise.allSettled([flow, writer.ended, reader.ended]);
    throw error;
  }
};
