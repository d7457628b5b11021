import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { EtcdPrograms } from './etcd-programs.ts';

/** A folder as a release of etcd is unpacked: Debian cuts it into two packages. */
export function etcdToolsFolder(folder: string, { etcd, etcdctl, suite }: EtcdPrograms): string {
  mkdirSync(folder);
  symlinkSync(etcd, join(folder, 'etcd'));
  symlinkSync(etcdctl, join(folder, 'etcdctl'));
  if (suite === 'trixie') symlinkSync(join(dirname(etcd), 'etcdutl'), join(folder, 'etcdutl'));
  return folder;
}
