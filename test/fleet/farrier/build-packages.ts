import { arch } from 'node:os';
import { fileURLToPath } from 'node:url';

import { buildPackages } from '../../../systemd/package/build-packages.ts';
import type { Mutation } from '../../../shared/ports/mutation.ts';
import { cacheFolder } from '../cache-folder.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Fixed, so that a commit that changes no program changes no package. */
const EPOCH_S = 1_735_689_600;

/** What a fleet is installed with. */
export const VERSION = '0.1.0';

export interface FarrierPackages {
  /** Paths of the .debs. */
  readonly agent: string;
  readonly coordinator: string;
}

/** The .debs of this working tree for this machine's architecture. Uncompressed: hosts here are a copy away. @param mutation of a proof build. */
export async function buildFarrierPackages(mutation: Mutation | '' = '', say: (line: string) => void = () => undefined): Promise<FarrierPackages> {
  const built = await buildPackages({
    root: ROOT,
    version: VERSION,
    packages: ['farrier-agent', 'farrier-coordinator'],
    architectures: [arch() === 'arm64' ? 'arm64' : 'amd64'],
    outFolder: cacheFolder('fleet-packages', mutation === '' ? 'plain' : mutation),
    cacheFolder: cacheFolder('packages'),
    compression: 'none',
    mutation,
    nodeBinary: null,
    sourceDateEpoch: EPOCH_S,
    say,
  });
  const find = (name: string): string => {
    const one = built.find((candidate) => candidate.name === name);
    if (one === undefined) throw new Error(`the package build made no ${name}`);
    return one.path;
  };
  return { agent: find('farrier-agent'), coordinator: find('farrier-coordinator') };
}
