let tail: Promise<unknown> = Promise.resolve();

/** Renewal rewrites the whole identity and a trust document one file of it: one after the other, or a newer document could be lost. */
export async function oneIdentityWriter<T>(work: () => Promise<T>): Promise<T> {
  const result = tail.then(work);
  // The tail only orders; whoever called gets the failure.
  tail = result.catch(() => undefined);
  return await result;
}
