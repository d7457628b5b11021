import type { CliIo } from './cli-io.ts';

const SLOW_MS = 2000;

/** After two seconds a person wants to know what is being waited for. Standard error, so that pipes stay clean. */
export async function withSlowNotice<T>(io: CliIo, where: string, answer: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const notice = io.clock.sleep(SLOW_MS, answered.signal).then(
    () => io.err(`waiting for ${where} …`),
    () => undefined,
  );
  try {
    return await answer;
  } finally {
    answered.abort();
    await notice;
  }
}
