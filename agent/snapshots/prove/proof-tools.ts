import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { ProgramResult } from '../../ports/programs.ts';

/** etcd's own programs, of the minor that the snapshot was taken from. */
export interface ProofTools {
  readonly restore: ProofTool;
  readonly server: ProofTool;
}

export interface ProofTool {
  readonly path: string;
  /** `etcdutl 3.5.16`. */
  readonly says: string;
}

const LAST_MINOR_WITHOUT_ETCDUTL = 4;
const SAID_VERSION = /version: *(\d+)\.(\d+)\.(\d+\S*)/i;

/**
 * Asks each program for its version: a snapshot is restored by its own minor (etcd, op-guide/recovery.md), whatever the
 * package is called that the programs came in.
 *
 * @param version of the member, `3.5.16`
 */
export async function askTools(folder: string, version: string, run: AskProgram): Promise<ProofTools | Failure<'wrong-tool'>> {
  const wanted = minorOf(version);
  if ('ok' in wanted) return wanted;
  const server = await askTool(join(folder, 'etcd'), wanted, run);
  if ('ok' in server) return server;
  const restore = await askTool(join(folder, restoreToolName(wanted)), wanted, run);
  return 'ok' in restore ? restore : { restore, server };
}

export type AskProgram = (argv: readonly [string, ...string[]]) => Promise<ProgramResult>;

export interface EtcdMinor {
  readonly major: number;
  readonly minor: number;
  /** `3.5.16`: of what the snapshot was taken from. */
  readonly version: string;
}

export function minorOf(version: string): EtcdMinor | Failure<'wrong-tool'> {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  if (major === undefined || minor === undefined) return failure('wrong-tool', `the snapshot is recorded as of etcd ${JSON.stringify(version)}, which is no version: nothing tells what restores it`);
  return { major: Number(major), minor: Number(minor), version };
}

/** Until 3.4 etcdctl restored snapshots; it still does in 3.5, and etcdutl is who will go on. */
export function restoreToolName({ major, minor }: EtcdMinor): 'etcdctl' | 'etcdutl' {
  return major === 3 && minor <= LAST_MINOR_WITHOUT_ETCDUTL ? 'etcdctl' : 'etcdutl';
}

/** @param path where it lies under its own name, or under any */
export async function askTool(path: string, { major, minor, version }: EtcdMinor, run: AskProgram): Promise<ProofTool | Failure<'wrong-tool'>> {
  const remedy = `put the programs of etcd ${major}.${minor} there`;
  const isThere = await access(path, constants.X_OK).then(() => true, () => false);
  if (!isThere) return failure('wrong-tool', `${path} is not there, or cannot be run; ${remedy}`);
  const { stdout, stderr, code } = await run([path, basename(path) === 'etcd' ? '--version' : 'version']);
  const [, itsMajor, itsMinor, itsPatch] = SAID_VERSION.exec(stdout) ?? [];
  if (itsMajor === undefined) return failure('wrong-tool', `${path} does not tell its version (it ended with ${code}: ${stderr.slice(-200).trim()}); ${remedy}`);
  if (Number(itsMajor) !== major || Number(itsMinor) !== minor) return failure('wrong-tool', `${path} is of ${itsMajor}.${itsMinor}, and the snapshot of ${version}, which only its own minor restores; ${remedy}`);
  return { path, says: `${basename(path)} ${itsMajor}.${itsMinor}.${itsPatch}` };
}
