import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, ownIdentity } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const pollMs = 200;
const waitMaxMs = 15 * 60_000;

/** Runs `work` while no other living process holds the lock folder. A lock whose owner died is taken over. */
export async function withCacheLock<T>(lockFolder: string, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitMaxMs;
  while (!tryLock(lockFolder)) {
    if (performance.now() > deadline) throw new Error(`${lockFolder}: held by another process for ${waitMaxMs / 60_000} minutes`);
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

/** The owner is written before the folder gets its name, so a lock is never seen without one. */
function tryLock(lockFolder: string): boolean {
  const own = ownIdentity();
  const draft = `${lockFolder}.${own.pid}.${own.startTicks}.${Math.round(performance.now() * 1000)}`;
  mkdirSync(draft);
  writeFileSync(`${draft}/owner.json`, JSON.stringify(own));
  try {
    renameSync(draft, lockFolder); // Fails on a folder that is not empty: exactly one of two wins.
    return true;
  } catch {
    rmSync(draft, { recursive: true, force: true });
    removeDeadLock(lockFolder);
    return false;
  }
}

function removeDeadLock(lockFolder: string): void {
  try {
    const owner = JSON.parse(readFileSync(`${lockFolder}/owner.json`, 'utf8')) as ProcessIdentity;
    if (!isAlive(owner)) rmSync(lockFolder, { recursive: true, force: true });
  } catch {
    // Gone in between: the next try decides.
  }
}
