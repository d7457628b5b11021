import type { ServiceError } from '@grpc/grpc-js';

import type { Rollout__Output as Rollout } from '../../shared/wire/messages.ts';
import { boardView, jsonView, linesView, type WatchView } from './board/watch-view.ts';
import { CliError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import type { FleetConnection } from './connection/fleet-connection.ts';
import type { ExitCode } from './exit-code.ts';
import { formatAge } from './print/format-age.ts';
import { exitCodeOf, goesOn, isOver, isPaused } from './rollout-status.ts';

const RETRY_MS = 1000;
const TICK_MS = 1000;

export interface WatchOptions {
  readonly json: boolean;
  readonly untilPaused: boolean;
}

/**
 * Shows a rollout until it is over. A coordinator that goes away is waited for, however long: the hosts go on without
 * it, and so does whoever watches. Only the first connection has to work at once.
 */
export async function watchRollout(fleet: FleetConnection, id: string, { json, untilPaused }: WatchOptions, io: CliIo): Promise<ExitCode> {
  const view = json ? jsonView(io) : io.terminal === null ? linesView(io) : boardView(io, io.terminal);
  const ended = new AbortController();
  const ticking = tick(view, io, ended.signal);
  try {
    const last = await followUntil((rollout) => (isOver(rollout.status) && !goesOn(rollout)) || (untilPaused && isPaused(rollout.status)), fleet, id, view, io);
    return exitCodeOf(last.status);
  } finally {
    ended.abort();
    await ticking;
    view.end();
  }
}

async function followUntil(isEnough: (rollout: Rollout) => boolean, fleet: FleetConnection, id: string, view: WatchView, io: CliIo): Promise<Rollout> {
  let seen = false;
  let lostAtMs: number | null = null;
  for (;;) {
    try {
      for await (const rollout of fleet.watch(id, io.signal)) {
        if (lostAtMs !== null) view.notice('');
        lostAtMs = null;
        seen = true;
        view.show(rollout);
        if (isEnough(rollout)) return rollout;
      }
    } catch (error) {
      if (!io.signal.aborted && (!seen || !passesByItself(error as ServiceError))) throw fleet.explain(error as ServiceError);
    }
    if (io.signal.aborted) throw new CliError('interrupted', 'no longer watching; the rollout goes on', `farrier rollout watch ${id}`);
    // A coordinator that ends in good order ends the stream in good order.
    lostAtMs ??= io.clock.monotonicMs();
    view.notice(`${fleet.where} is gone since ${formatAge(io.clock.monotonicMs() - lostAtMs)}; the hosts go on; trying again`);
    await io.clock.sleep(RETRY_MS, io.signal).catch(() => undefined);
  }
}

/** What a restart or a broken network looks like. Codes of gRPC: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE. */
function passesByItself({ code }: ServiceError): boolean {
  return [1, 2, 4, 10, 13, 14].includes(code);
}

async function tick(view: WatchView, io: CliIo, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await io.clock.sleep(TICK_MS, signal).catch(() => undefined);
    if (!signal.aborted) view.tick();
  }
}
