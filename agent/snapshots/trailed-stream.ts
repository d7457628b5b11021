import { hasTrailer, TRAILER_BYTES } from './check-trailer.ts';
import type { SnapshotSink } from './snapshot-sink.ts';

/** The bytes of a snapshot on their way into a sink. The last 32 are held back: they are the sha256 of all before them. */
export interface TrailedStream {
  /** Resolves when there is room for more. @throws as the sink does. */
  pass(bytes: Uint8Array): Promise<void>;
  /** Passes the rest on. @returns '' or what shows that the snapshot is not whole */
  end(): Promise<string>;
}

export function trailedStream(sink: SnapshotSink): TrailedStream {
  let held: Uint8Array = new Uint8Array();
  let sizeBytes = 0;
  return {
    pass: async (bytes) => {
      sizeBytes += bytes.length;
      if (bytes.length < TRAILER_BYTES) {
        held = Buffer.concat([held, bytes]);
        return;
      }
      const before = held;
      held = bytes;
      if (before.length > 0) await sink.write(before);
    },
    end: async () => {
      const begins = held.length - TRAILER_BYTES;
      // etcdctl stops at this, which would not find a byte that differs.
      if (begins < 0 || !hasTrailer(sizeBytes)) return `it has ${sizeBytes} bytes, which are no pages and a sha256`;
      if (begins > 0) await sink.write(held.subarray(0, begins));
      const trailer = held.subarray(begins);
      const digest = sink.digestSoFar();
      await sink.write(trailer);
      const said = Buffer.from(trailer).toString('hex');
      return said === digest ? '' : `its bytes have sha256 ${digest}, and it says ${said}`;
    },
  };
}
