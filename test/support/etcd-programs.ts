import { join } from 'node:path';

import { unpackedPrograms } from '../fleet/unpacked-programs.ts';

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

/** As etcdPrograms, but says loudly what is not checked without them, and fails where everything must be (CI=true). */
export async function etcdProgramsOrSayWhy(suite: EtcdSuite, what: string): Promise<EtcdPrograms | null> {
  try {
    return await etcdPrograms(suite);
  } catch (error) {
    const notChecked = `NOT CHECKED: ${what}: etcd of Debian ${suite} cannot be had`;
    if (process.env['CI'] === 'true') throw new Error(notChecked, { cause: error });
    console.warn(`${notChecked}: ${String(error)}`);
    return null;
  }
}

/** etcdutl came with 3.5: Debian 13's reads the files of both. @throws when it cannot be had. */
export async function etcdutlProgram(): Promise<string> {
  return join(await unpackedPrograms('trixie', 'etcd-server'), 'etcdutl');
}
