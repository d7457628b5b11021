import type { ClusterView } from '../core/world.ts';

/** What a Kubernetes cluster says of its nodes, by node name. */
export interface ClusterNodes {
  /** @throws where the API server cannot be asked; the caller then counts nothing as known. */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, ClusterView>>;
}
