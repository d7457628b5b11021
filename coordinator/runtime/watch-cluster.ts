import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { ClusterNodes } from '../ports/cluster-nodes.ts';
import { type FleetState, updateNode } from './fleet-state.ts';

const READ_EVERY_MS = 5_000;

/**
 * Keeps what the cluster says of each node in the state until aborted. While the API server does not answer, every node
 * that it ever spoke of counts as unavailable and is left alone: towards fewer disruptions.
 */
export async function watchCluster(
  nodes: ClusterNodes,
  parts: { readonly state: FleetState; readonly clock: Clock; readonly logger: Logger; readonly changed: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { state, clock, logger, changed } = parts;
  let answered = true;
  while (!signal.aborted) {
    try {
      const views = await nodes.read(signal);
      answered = true;
      for (const name of state.nodes.keys()) updateNode(state, name, (view) => ({ ...view, cluster: views.get(name) ?? null }));
    } catch (error) {
      if (answered) logger.warn('the cluster does not answer; its nodes count as unavailable and take no slot', { error });
      answered = false;
      for (const name of state.nodes.keys()) {
        updateNode(state, name, (view) => (view.cluster === null ? view : { ...view, cluster: { ...view.cluster, silent: true } }));
      }
    }
    changed();
    await clock.sleep(READ_EVERY_MS, signal).catch(() => undefined);
  }
}
