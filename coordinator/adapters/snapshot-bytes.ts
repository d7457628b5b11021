import { open } from 'node:fs/promises';

import type { Digest } from '../../shared/domain/ids.ts';
import { lengthOf } from '../../shared/files/part-file.ts';
import type { ArtifactFolder } from './artifact-folder.ts';
import type { CopyFolder } from './copy-folder.ts';

/** The bytes of snapshots from which hosts restore: copies that hosts sent, and what people added as artifacts. */
export interface SnapshotBytes {
  /** Null where none lies here whole. */
  sizeOf(sha256: Digest): Promise<number | null>;
  /** The first bytes; null where none lies here. */
  start(sha256: Digest, maxBytes: number): Promise<Buffer | null>;
}

export function snapshotBytes(copies: Pick<CopyFolder, 'pathOf'>, artifacts: Pick<ArtifactFolder, 'pathOf'>): SnapshotBytes {
  const paths = (sha256: Digest): readonly string[] => [copies.pathOf(sha256), artifacts.pathOf(sha256)];
  return {
    async sizeOf(sha256) {
      for (const path of paths(sha256)) {
        const size = await lengthOf(path);
        if (size !== null) return size;
      }
      return null;
    },
    async start(sha256, maxBytes) {
      for (const path of paths(sha256)) {
        const file = await open(path, 'r').catch(() => null);
        if (file === null) continue;
        try {
          const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
          return buffer.subarray(0, bytesRead);
        } finally {
          await file.close();
        }
      }
      return null;
    },
  };
}
