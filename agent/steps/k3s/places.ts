import { join } from 'node:path';

import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import type { K3sUnit } from '../../ports/k3s.ts';
import type { BinaryPlaces } from '../place-binary.ts';
import type { StepContext } from '../step.ts';
import { draftFolderOf } from './place-archive.ts';

/** Where everything of one step lies. */
export interface Places extends BinaryPlaces {
  readonly unit: string;
  readonly imagesFolder: string;
  readonly imagesDraftFolder: string;
  readonly archive: string | null;
  readonly kubeconfig: string;
}

export function unitOf({ role }: Pick<K3sSpec, 'role'>): string {
  return role === 'server' ? 'k3s.service' : 'k3s-agent.service';
}

export function placesOf(spec: K3sSpec, { binary, dataDir }: Pick<K3sUnit, 'binary' | 'dataDir'>, { folder }: Pick<StepContext, 'folder'>): Places {
  const imagesFolder = join(dataDir, 'agent/images');
  return {
    unit: unitOf(spec),
    binary,
    binaryDraft: `${binary}.${spec.binary.sha256.slice(0, 12)}.new`,
    previous: `${binary}.prev`,
    imagesFolder,
    imagesDraftFolder: draftFolderOf(imagesFolder),
    archive: spec.images === null ? null : join(imagesFolder, spec.images.name),
    kubeconfig: join(dataDir, 'agent/kubelet.kubeconfig'),
    fetched: join(folder, 'fetched'),
    kept: join(folder, 'kept'),
  };
}
