import { z } from 'zod';

/** When JetStream writes to disk what it has acknowledged. */
export type JetStreamSync =
  | { readonly kind: 'always' }
  | { readonly kind: 'interval'; readonly intervalMs: number }
  | { readonly kind: 'unknown'; readonly why: string };

export interface DurabilityFacts {
  readonly serverVersion: string;
  readonly replicas: number;
  readonly sync: JetStreamSync;
}

const MONITOR_MAX_MS = 3000;
const NANOS_PER_MS = 1_000_000;
/** nats-server's default sync_interval. */
const DEFAULT_INTERVAL_MS = 120_000;

const jszSchema = z.object({ config: z.object({ sync_always: z.boolean().optional(), sync_interval: z.number().optional() }) });

/** One sentence for the log and `doctor`: what was acknowledged and could still be lost. */
export function describeDurability({ serverVersion, replicas, sync }: DurabilityFacts): string {
  const copies = replicas === 1 ? 'one copy' : `${replicas} copies`;
  const engine = `NATS JetStream ${serverVersion}, ${copies}`;
  if (sync.kind === 'always') return `${engine}, synced at every write (sync_interval: always): a power cut loses nothing acknowledged`;
  const within = sync.kind === 'interval' ? seconds(sync.intervalMs) : `its sync_interval (${seconds(DEFAULT_INTERVAL_MS)} unless set; not known here: ${sync.why})`;
  const event = replicas === 1 ? 'a power cut of its machine' : `a power cut of more than ${Math.floor((replicas - 1) / 2)} of its machines at once`;
  return `${engine}, acknowledged before it is synced: ${event} can lose the writes of the last ${within}; set jetstream { sync_interval: always } in nats-server.conf`;
}

/** Asks a monitoring port of nats-server; a client connection cannot tell. One server speaks for itself alone. */
export async function readSync(monitorUrl: string | null): Promise<JetStreamSync> {
  if (monitorUrl === null) return { kind: 'unknown', why: 'no monitoring address given (--nats-monitor)' };
  try {
    const response = await fetch(new URL('/jsz?config=true', monitorUrl), { signal: AbortSignal.timeout(MONITOR_MAX_MS), redirect: 'error' });
    const { config } = jszSchema.parse(await response.json());
    if (config.sync_always === true) return { kind: 'always' };
    return config.sync_interval === undefined ? { kind: 'unknown', why: `${monitorUrl} does not tell it` } : { kind: 'interval', intervalMs: config.sync_interval / NANOS_PER_MS };
  } catch (error) {
    return { kind: 'unknown', why: `${monitorUrl} did not answer: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
