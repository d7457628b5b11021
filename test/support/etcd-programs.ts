import { join } from 'node:path';

import { unpackedPrograms } from '../fleet/unpacked-programs.ts';
import { hadOrSayWhy } from './had-or-say-why.ts';

/** The programs of one Debian suite: etcd 3.4 in bookworm, 3.5 in trixie. */
export interface EtcdPrograms {
  readonly suite: EtcdSuite;
  readonly etcd: string;
  readonly etcdctl: string;
}

export type EtcdSuite = 'bookworm' | 'trixie';

/** Unpacked in the cache, and not installed. @throws when they cannot be had. */
export async function etcdPrograms(suite: EtcdSuite): Promise<EtcdPrograms> {
  return { suite, etcd: join(await unpackedPrograms(suite, 'etcd-server'), 'etcd'), etcdctl: join(await unpackedPrograms(suite, 'etcd-client'), 'etcdctl') };
}

/** As etcdPrograms; null, and says why, where they cannot be had. */
export function etcdProgramsOrSayWhy(suite: EtcdSuite, what: string): Promise<EtcdPrograms | null> {
  return hadOrSayWhy(what, `etcd of Debian ${suite} cannot be had`, () => etcdPrograms(suite));
}

/** etcdutl came with 3.5: Debian 13's reads the files of both. @throws when it cannot be had. */
export async function etcdutlProgram(): Promise<string> {
  return join(await unpackedPrograms('trixie', 'etcd-server'), 'etcdutl');
}
