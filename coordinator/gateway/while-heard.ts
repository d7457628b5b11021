/** A stream that can be ended before its end. */
export interface EndableStream<T> extends AsyncIterable<T> {
  destroy(error: Error): unknown;
}

/**
 * What a sender says, part by part, until it is silent for too long. That is counted only while a part is waited for: what is
 * done with one may take longer.
 *
 * @param says a part that says nothing does not count as heard, and is left out
 * @throws what ended the stream
 */
export async function* whileHeard<T>(stream: EndableStream<T>, says: (part: T) => boolean, maxSilenceMs: number): AsyncGenerator<T> {
  const listen = (): NodeJS.Timeout => setTimeout(() => stream.destroy(new Error(`nothing arrived for ${maxSilenceMs / 1000} s`)), maxSilenceMs);
  let silence = listen();
  try {
    for await (const part of stream) {
      if (!says(part)) continue;
      clearTimeout(silence);
      yield part;
      silence = listen();
    }
  } finally {
    clearTimeout(silence);
  }
}
