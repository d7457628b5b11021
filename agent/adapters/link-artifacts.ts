import { mkdir, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { syncFolder } from '../../shared/files/write-durably.ts';
import type { ArtifactsClient } from '../../shared/wire/messages.ts';
import type { FetchCode } from '../link/explain-fetch-failure.ts';
import { fetchArtifact } from '../link/fetch-artifact.ts';
import { hasSha256, lengthOf } from '../../shared/files/part-file.ts';
import type { Artifacts, FetchedArtifact } from '../ports/artifacts.ts';
import { copyVerified } from '../steps/copy-verified.ts';
import { type StepFailure, stepFailure } from '../steps/step.ts';

/** For the journal and what else the host writes meanwhile. */
const SLACK_BYTES = 16 * 1024 * 1024;

const OUTCOME_OF = {
  'artifact-unknown': 'artifact-unknown',
  'artifact-corrupt': 'artifact-corrupt',
  'artifact-too-large': 'artifact-corrupt',
  'disk-full': 'disk-full',
  refused: 'source-unreachable',
  unreachable: 'source-unreachable',
  aborted: 'source-unreachable',
} as const satisfies Record<FetchCode, string>;

export interface LinkArtifactsParts {
  /** Where a person, or an earlier visit, may have laid files by their sha256. */
  readonly cacheDir: string;
  /** A client that speaks for this host. The caller closes it. */
  readonly connect: () => Promise<{ readonly ok: true; readonly client: ArtifactsClient } | StepFailure>;
  readonly clock: Clock;
}

/** From this host's cache folder with no link at all, else from the coordinator, going on where the last transfer stopped. */
export function linkArtifacts({ cacheDir, connect, clock }: LinkArtifactsParts): Artifacts {
  return {
    fetch: async (artifact, folder, signal) => {
      const { sha256, size } = artifact;
      const path = join(folder, sha256);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (await hasSha256(path, sha256)) return { ok: true, path };
      const full = await noRoom(artifact, folder);
      if (full !== null) return full;
      if (await fromCache(join(cacheDir, sha256), path, artifact, signal)) return { ok: true, path };
      const connected = await connect();
      if (!connected.ok) return connected;
      try {
        const fetched = await fetchArtifact(connected.client, { sha256, folder, maxBytes: size, clock }, signal);
        signal.throwIfAborted();
        return fetched.ok ? await ofSize(fetched.path, artifact) : stepFailure(OUTCOME_OF[fetched.code], fetched.message, sha256);
      } finally {
        connected.client.close();
      }
    },
  };
}

/** A transfer that was begun needs room for its rest only. */
async function noRoom({ sha256, size }: ArtifactRef, folder: string): Promise<StepFailure | null> {
  const disk = await statfs(folder);
  const neededBytes = size - ((await lengthOf(join(folder, `${sha256}.part`))) ?? 0) + SLACK_BYTES;
  const freeBytes = disk.bavail * disk.bsize;
  return freeBytes >= neededBytes ? null : stepFailure('disk-full', `artifact ${sha256} needs ${neededBytes} bytes under ${folder}, ${freeBytes} are free; free some and start again`, folder);
}

async function fromCache(cached: string, path: string, { sha256, size }: ArtifactRef, signal: AbortSignal): Promise<boolean> {
  if ((await lengthOf(cached)) !== size) return false;
  // Not the name of a transfer under way: what that has is not thrown away for a copy that may be rotten.
  const draft = `${path}.cached`;
  if (!(await copyVerified({ from: cached, to: draft, sha256, mode: 0o600 }, signal))) return false;
  await rename(draft, path);
  await syncFolder(join(path, '..'));
  return true;
}

/** The right bytes are the right size; a plan that says otherwise was not written by whoever added them. */
async function ofSize(path: string, { sha256, size }: ArtifactRef): Promise<FetchedArtifact> {
  const length = await lengthOf(path);
  return length === size ? { ok: true, path } : stepFailure('artifact-corrupt', `artifact ${sha256} has ${length} bytes, the plan says ${size}; take the size that farrier artifact ls shows`, sha256);
}
