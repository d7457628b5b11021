import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { ProgramResult } from '../../ports/programs.ts';

/** etcd's own programs, of the minor that the snapshot was taken from. */
export interface ProofTools {
  readonly restore: ProofTool;
  readonly server: ProofTool;
}

interface ProofTool {
  readonly path: string;
  /** `etcdutl 3.5.16`. */
  readonly says: string;
}

/** Until 3.4 etcdctl restored snapshots; it still does in 3.5, and etcdutl is who will go on. */
const LAST_MINOR_WITHOUT_ETCDUTL = 4;
const SAID_VERSION = /version: *(\d+)\.(\d+)\.(\d+\S*)/i;

/**
 * Asks each program for its version: a snapshot is restored by its own minor (etcd, op-guide/recovery.md), whatever the
 * package is called that the programs came in.
 *
 * @param version of the member, `3.5.16`
 */
export async function askTools(folder: string, version: string, run: (argv: readonly [string, ...string[]]) => Promise<ProgramResult>): Promise<ProofTools | Failure<'wrong-tool'>> {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  if (major === undefined || minor === undefined) return failure('wrong-tool', `the snapshot is recorded as of etcd ${JSON.stringify(version)}, which is no version: nothing tells what restores it`);
  const ask = async (name: string, flag: string): Promise<ProofTool | Failure<'wrong-tool'>> => {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(() => true, () => false);
    const remedy = `put the programs of etcd ${major}.${minor} there`;
    if (!isThere) return failure('wrong-tool', `${path} is not there, or cannot be run; ${remedy}`);
    const { stdout, stderr, code } = await run([path, flag]);
    const [, itsMajor, itsMinor, itsPatch] = SAID_VERSION.exec(stdout) ?? [];
    if (itsMajor === undefined) return failure('wrong-tool', `${path} does not tell its version (it ended with ${code}: ${stderr.slice(-200).trim()}); ${remedy}`);
    if (itsMajor !== major || itsMinor !== minor) return failure('wrong-tool', `${path} is of ${itsMajor}.${itsMinor}, and the snapshot of ${version}, which only its own minor restores; ${remedy}`);
    return { path, says: `${name} ${itsMajor}.${itsMinor}.${itsPatch}` };
  };
  const server = await ask('etcd', '--version');
  if ('ok' in server) return server;
  const restore = await ask(Number(major) === 3 && Number(minor) <= LAST_MINOR_WITHOUT_ETCDUTL ? 'etcdctl' : 'etcdutl', 'version');
  return 'ok' in restore ? restore : { restore, server };
}
