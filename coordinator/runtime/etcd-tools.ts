import { PROOF_TOOLS, type ProofToolRef } from '../../shared/domain/snapshot-command.ts';
import type { ArtifactFolder } from '../adapters/artifact-folder.ts';
import type { EtcdTools } from '../core/choose-prover.ts';
import type { CoordinatorSettings } from '../settings/settings.ts';

/** Programs of etcd's that the settings name and that lie here as artifacts, ready to be fetched. One that does not is as if nobody had named it. */
export async function etcdTools({ etcdTools: named }: Pick<CoordinatorSettings, 'etcdTools'>, artifacts: Pick<ArtifactFolder, 'find'>): Promise<EtcdTools> {
  const tools: Record<string, Record<string, readonly ProofToolRef[]>> = {};
  for (const [minor, architectures] of Object.entries(named)) {
    const here: Record<string, readonly ProofToolRef[]> = {};
    for (const [architecture, digests] of Object.entries(architectures)) {
      const wanted = PROOF_TOOLS.flatMap((name) => (digests[name] === undefined ? [] : [{ name, sha256: digests[name] }]));
      const found = await Promise.all(wanted.map(async (tool) => ({ ...tool, size: (await artifacts.find(tool.sha256))?.size ?? 0 })));
      if (found.every(({ size }) => size > 0)) here[architecture] = found;
    }
    tools[minor] = here;
  }
  return tools;
}
