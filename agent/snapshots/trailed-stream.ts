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
  let held = Buffer.alloc(0);
  let sizeBytes = 0;
  return {
    pass: async (bytes) => {
      sizeBytes += bytes.length;
      const over = held.length + bytes.length - TRAILER_BYTES;
      const fromHeld = Math.min(held.length, Math.max(0, over));
      const fromBytes = Math.max(0, over - fromHeld);
      if (fromHeld > 0) await sink.write(held.subarray(0, fromHeld));
      if (fromBytes > 0) await sink.write(bytes.subarray(0, fromBytes));
      held = Buffer.concat([held.subarray(fromHeld), bytes.subarray(fromBytes)]);
    },
    end: async () => {
      // etcdctl stops at this, which would not find a byte that differs.
      if (!hasTrailer(sizeBytes)) return `it has ${sizeBytes} bytes, which are no pages and a sha256`;
      const digest = sink.digestSoFar();
      await sink.write(held);
      const said = held.toString('hex');
      return said === digest ? '' : `its bytes have sha256 ${digest}, and it says ${said}`;
    },
  };
}
