import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { peekInHost } from './host-exec.ts';
import { isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const pollMs = 15;

/** True once the host's systemd finished starting, with or without failed units; false when it ended or the time is up. */
export async function waitUntilStarted(leader: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const answersAt = `/proc/${leader.pid}/root/run/systemd/private`;
  while (isAlive(leader) && performance.now() < deadline) {
    if (existsSync(answersAt)) {
      const { stdout } = await peekInHost(leader, ['systemctl', 'is-system-running', '--wait'], { timeoutMs });
      if (/^(running|degraded)$/m.test(stdout)) return true;
    }
    await sleep(pollMs);
  }
  return false;
}
