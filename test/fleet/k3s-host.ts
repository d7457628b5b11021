import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { K3sSpec } from '../../shared/domain/steps/k3s-spec.ts';
import type { Host } from './host.ts';
import { LonelyHost } from './lonely-host.ts';
import type { StandIns } from './stand-ins/pack-stand-ins.ts';

const CACHE = '/var/cache/lonely-agent/artifacts';
/** All that an upgrade of K3s may not touch. */
const UNTOUCHED = '/etc/systemd/system /etc/rancher/k3s/config.yaml';

export type K3sBuild = Pick<K3sSpec, 'binary' | 'images'>;

/** A host of a K3s cluster with the agent's inside, nobody to talk to, and artifacts in its cache folder. */
export class K3sHost extends LonelyHost {
  readonly role: K3sSpec['role'];
  readonly #standIns: StandIns;

  constructor(host: Host, role: K3sSpec['role'], standIns: StandIns, pollMs?: number) {
    super(host, pollMs);
    this.role = role;
    this.#standIns = standIns;
  }

  get unit(): string {
    return this.role === 'server' ? 'k3s.service' : 'k3s-agent.service';
  }

  async upgradeTo(version: string, crossesMinor = false): Promise<readonly StepSpec[]> {
    return [{ kind: 'k3s', name: 'k3s', timeoutMs: 120_000, role: this.role, version, ...(await this.build(version)), crossesMinor }];
  }

  /** Lays everything that the step needs into the cache folder. */
  async build(version: string): Promise<K3sBuild> {
    const binary = await this.#lay(readFileSync(this.#standIns.k3s(version)));
    const images = await this.#lay(Buffer.from(`images of ${version}`));
    return { binary, images: { ...images, name: 'k3s-airgap-images-amd64.tar' } };
  }

  /** Path, mode, owner and content of unit, environment and configuration. */
  untouched(): Promise<string> {
    return this.host.mustExec(['sh', '-c', `find ${UNTOUCHED} -printf '%p %M %U:%G\\n' 2>/dev/null | sort; find ${UNTOUCHED} -type f -exec sha256sum {} + 2>/dev/null | sort -k2; true`]);
  }

  async #lay(content: Buffer): Promise<ArtifactRef> {
    const sha256 = createHash('sha256').update(content).digest('hex');
    await this.host.writeFile(`${CACHE}/${sha256}`, content);
    return { sha256, size: content.length };
  }
}
