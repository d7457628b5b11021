import { lstat, mkdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';

/** Where a server of K3s keeps its datastore and what that is no use without: its token, certificates and credentials. */
export interface ServerPlaces {
  /** /var/lib/rancher/k3s/server */
  readonly server: string;
  /** What was there before, for as long as no person takes it away. */
  readonly aside: string;
  /** Unpacked from the archive, below `server/`. */
  readonly fresh: string;
  /** Of the restore: what it puts there bears it. */
  readonly token: string;
}

/** Moved one by one, with K3s held: manifests and others of that folder stay where they are. */
const RESTORED = 'db/farrier-restored';
const PARTS = ['db/state.db', 'db/state.db-wal', 'db/state.db-shm', 'token', 'node-token', 'agent-token', 'tls', 'cred', RESTORED];
/** All that was there is put aside; what lies in its place from here on is new. */
const MARK = 'all-put-aside';

export function serverPlaces(dataDir: string, token: string): ServerPlaces {
  const server = join(dataDir, 'server');
  return { server, aside: join(server, `farrier-before-${token}`), fresh: join(server, `farrier-new-${token}`), token };
}

/** Says of what was unpacked which restore it is of. */
export async function markFresh({ fresh, token }: ServerPlaces): Promise<void> {
  await writeDurably(join(fresh, 'server', RESTORED), token);
}

/** Idempotent, and goes on from wherever it was cut off. @param before is called before each change: a test cuts the power there */
export async function switchServer({ server, aside, fresh }: ServerPlaces, before: () => void = () => undefined): Promise<void> {
  if (!(await isPutAside(aside))) {
    for (const part of PARTS) {
      before();
      await move(join(server, part), join(aside, part));
    }
    before();
    await mkdir(aside, { recursive: true, mode: 0o700 });
    await writeDurably(join(aside, MARK), MARK);
  }
  for (const part of PARTS) {
    before();
    await move(join(fresh, 'server', part), join(server, part));
  }
}

/** Whether what was there before can come back: it is where it was, or where it was put. Reads only. */
export async function isOldKept({ server, aside, token }: ServerPlaces): Promise<boolean> {
  return (await isPutAside(aside)) || (await readFile(join(server, RESTORED), 'utf8').catch(() => '')) !== token;
}

/** What was there before is back, and what was restored is gone. Idempotent. @returns false where it is kept nowhere any more: nothing was changed */
export async function switchServerBack(places: ServerPlaces): Promise<boolean> {
  const { server, aside, fresh } = places;
  if (!(await isOldKept(places))) return false;
  if (await isPutAside(aside)) {
    // Whatever K3s made beside it while it ran on it is of the restored one too.
    for (const part of PARTS) await rm(join(server, part), { recursive: true, force: true });
    await rm(join(aside, MARK));
    await syncFolder(aside);
  }
  for (const part of PARTS) await move(join(aside, part), join(server, part));
  await rm(fresh, { recursive: true, force: true });
  // Empty by now; what is not is no part of ours, and stays.
  for (const folder of [join(aside, 'db'), aside]) await rmdir(folder).catch(() => undefined);
  await syncFolder(server);
  return true;
}

/** Whether the new parts may be, or are, in place. */
export async function isPutAside(aside: string): Promise<boolean> {
  return (await readFile(join(aside, MARK), 'utf8').catch(() => '')) === MARK;
}

/** Durable; what is not there stays so. */
async function move(from: string, to: string): Promise<void> {
  if ((await lstat(from).catch(() => null)) === null) return;
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rename(from, to);
  await syncFolder(dirname(to));
  await syncFolder(dirname(from));
}
