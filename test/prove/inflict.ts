import { killExactly } from '../fleet/process-identity.ts';
import type { Host } from '../fleet/host.ts';
import { agentProcesses } from './unit-processes.ts';
import { disarm } from './halt.ts';

/**
 * kill       kill -9 of the work unit's process and of the agent; systemd starts the agent again
 * crash      kill -9 of the whole host; the page cache survives
 * power cut  everything that was not fsynced is gone
 */
export type Inflicted = 'kill' | 'crash' | 'power cut';

/** Does it, and brings the host back; nothing halts there any more. */
export async function inflict(host: Host, what: Inflicted): Promise<void> {
  switch (what) {
    case 'kill':
      await disarm(host);
      for (const { process } of agentProcesses(host)) killExactly(process, 'SIGKILL');
      return;
    case 'crash':
      await disarm(host);
      await host.crash();
      break;
    case 'power cut':
      await host.powerCut();
      await disarm(host);
      break;
  }
  await host.boot();
}
