import type { K3sMirror } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { parseMapping, withFields } from '../yaml-mapping.ts';

/**
 * https://docs.k3s.io/installation/private-registry
 *
 * @param text of registries.yaml, which keeps its comments and whatever else it says of hosts; null: there is none.
 * @returns null where nobody but a person can say what it means
 */
export async function mergeRegistries(text: string | null, mirrors: readonly K3sMirror[]): Promise<string | null> {
  const { stringify } = await import('yaml');
  if (text === null || text.trim() === '') return stringify({ mirrors: Object.fromEntries(mirrors.map(({ host, endpoints }) => [host, { endpoint: [...endpoints] }])) });
  const registries = await parseMapping(text);
  return registries === null ? null : withFields(registries, mirrors.map(({ host, endpoints }) => ({ path: ['mirrors', host, 'endpoint'], value: endpoints })));
}
