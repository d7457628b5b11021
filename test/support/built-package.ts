import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from '../../shared/ports/mutation.ts';
import { buildPackages } from '../../systemd/package/build-packages.ts';
import type { BuiltPackage } from '../../systemd/package/build-packages.ts';
import type { Compression } from '../../systemd/package/make-deb.ts';
import { hostArchitecture } from '../../systemd/package/node-runtime.ts';
import type { Architecture } from '../../systemd/package/node-runtime.ts';
import { cacheFolder } from '../fleet/cache-folder.ts';

export interface WantedPackage {
  readonly name: BuiltPackage['name'];
  /** Where the .deb is wanted; nothing else is written there. */
  readonly outFolder: string;
  /** Another than package.json says, to have something to upgrade to. */
  readonly version?: string;
  readonly mutation?: Mutation;
  readonly architecture?: Architecture;
  /** Uncompressed unless told: a host in a test takes 110 MB quicker than xz makes 27. */
  readonly compression?: Compression;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Fixed, so that a commit alone makes no new package. */
const SOURCE_DATE_EPOCH = Date.UTC(2025, 0, 1) / 1000;

/** One package of the programs as they are now: bundled each time (a second), packed only where something changed. */
export async function builtPackage({ name, outFolder, version, mutation, architecture, compression }: WantedPackage): Promise<BuiltPackage> {
  const [built] = await buildPackages({
    root,
    version: version ?? (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version,
    packages: [name],
    architectures: [architecture ?? hostArchitecture()],
    outFolder,
    cacheFolder: cacheFolder('packages'),
    compression: compression ?? 'none',
    mutation: mutation ?? '',
    nodeBinary: null,
    sourceDateEpoch: SOURCE_DATE_EPOCH,
  });
  if (built === undefined) throw new Error(`nothing was built for ${name}`);
  return built;
}
