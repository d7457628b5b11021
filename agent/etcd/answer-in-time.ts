import type { EtcdAnswer } from '../ports/etcd.ts';

/** A member that takes longer cannot be counted on. */
const ANSWER_MAX_MS = 3_000;

/** One question to a member, given up after a few seconds. @throws the signal's reason */
export async function answerInTime<T>(signal: AbortSignal, call: (limit: AbortSignal) => Promise<EtcdAnswer<T>>): Promise<EtcdAnswer<T>> {
  try {
    return await call(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MAX_MS)]));
  } catch {
    signal.throwIfAborted();
    return { ok: false, code: 'time-out', message: 'it did not answer in time' };
  }
}
