import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Artifacts } from '../../agent/ports/artifacts.ts';
import type { K3s } from '../../agent/ports/k3s.ts';
import { criProbeStep } from '../../agent/steps/cri-probe/cri-probe.ts';
import { imagesStep } from '../../agent/steps/images/images.ts';
import { stepFailure, type StepContext } from '../../agent/steps/step.ts';
import type { ImageArchive } from '../../shared/domain/steps/images-spec.ts';
import { ociLayout, type TestImage, writeArchive } from './image-archive.ts';
import { MemoryImages } from './memory-images.ts';
import { stepContext } from './step-context.ts';

/** A host with images of containerd, Docker and K3s, all of them in memory or in a folder. */
export class ImagesLab {
  readonly root = mkdtempSync(join(tmpdir(), 'farrier-images-'));
  readonly stepFolder = join(this.root, 'step');
  readonly images = new MemoryImages();
  readonly k3sImages = join(this.root, 'rancher/agent/images');
  runsK3s = true;
  output = '';

  readonly artifacts: Artifacts = {
    fetch: async ({ sha256 }, folder) => {
      const offered = join(this.root, 'offered', sha256);
      if (!existsSync(offered)) return stepFailure('artifact-unknown', 'the coordinator has none', sha256);
      mkdirSync(folder, { recursive: true });
      copyFileSync(offered, join(folder, sha256));
      return { ok: true, path: join(folder, sha256) };
    },
  };

  readonly k3s: K3s = {
    unit: async (unit) => (this.runsK3s && unit === 'k3s-agent.service' ? { binary: '/usr/local/bin/k3s', args: ['agent'], environment: [], dataDir: join(this.root, 'rancher'), registries: '/etc/rancher/k3s/registries.yaml', hasOtherRuntime: false } : null),
    version: async () => 'v1.34.1+k3s1',
  };

  readonly step = imagesStep({ store: this.images, cri: this.images.cri, clock: this.images.clock, artifacts: this.artifacts, k3s: this.k3s, containerdFolder: join(this.root, 'containerd') });

  readonly probe = criProbeStep({
    runtimes: { containerd: { cri: this.images.cri, store: this.images, folder: this.root }, k3s: { cri: this.images.cri, store: this.images, folder: this.root } },
    artifacts: this.artifacts,
    clock: this.images.clock,
  });

  constructor() {
    mkdirSync(join(this.root, 'offered'));
    mkdirSync(this.stepFolder);
    mkdirSync(join(this.root, 'rancher/agent'), { recursive: true });
  }

  /** An archive that the coordinator has. */
  offers(...images: readonly TestImage[]): ImageArchive {
    const { tar, images: held } = ociLayout(images);
    return { ...this.offersBytes(tar), images: held };
  }

  offersBytes(bytes: Buffer): { readonly sha256: string; readonly size: number } {
    const draft = join(this.root, 'draft');
    const ref = writeArchive(draft, bytes);
    copyFileSync(draft, join(this.root, 'offered', ref.sha256));
    return ref;
  }

  context(change: Partial<StepContext> = {}): StepContext {
    return stepContext({ folder: this.stepFolder, output: (text) => { this.output += text; }, ...change });
  }

  /** Everything that lies in K3s' part: names with their content's length, folders too. */
  k3sFiles(): readonly string[] {
    return readdirSync(join(this.root, 'rancher/agent'), { recursive: true, withFileTypes: true }).map((entry) => `${join(entry.parentPath, entry.name).slice(this.root.length)}${entry.isFile() ? ` ${readFileSync(join(entry.parentPath, entry.name)).length}` : '/'}`).toSorted();
  }

  end(): void {
    rmSync(this.root, { recursive: true });
  }
}
