import type { z } from 'zod';

import { IMAGES_NAME_PATTERN, K3S_VERSION_PATTERN, STEP_TIMEOUT_MAX_MS } from '../../domain/step-limits.ts';
import type { K3sSpec } from '../../domain/steps/k3s-spec.ts';
import { duration } from '../number-fields.ts';
import { section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { truth } from '../truth-field.ts';
import { artifactFields } from './artifact-fields.ts';

/** A proof takes ten seconds of one main process and a heartbeat of the node after them. */
const TIMEOUT_MIN_MS = 60_000;

export const k3sVersion = name(K3S_VERSION_PATTERN, 'a version of K3s as `k3s --version` prints it: v1.34.1+k3s1');
const archive = name(IMAGES_NAME_PATTERN, 'the name of an archive that K3s imports, as k3s-airgap-images-amd64.tar.zst');

export const k3sSection = section({
  role: choice(['server', 'agent']),
  version: k3sVersion,
  binary: section(artifactFields),
  images: section({ ...artifactFields, name: archive }).optional(),
  crossesMinor: truth().default(false),
  timeout: duration({ min: TIMEOUT_MIN_MS, max: STEP_TIMEOUT_MAX_MS }).default(600_000),
});

export function compileK3s({ role, version: to, binary, images, crossesMinor, timeout }: z.infer<typeof k3sSection>, nameIt: (wanted: string) => string): K3sSpec {
  return { kind: 'k3s', name: nameIt(`k3s-${role}`), timeoutMs: timeout, role, version: to, binary, images: images ?? null, crossesMinor };
}
