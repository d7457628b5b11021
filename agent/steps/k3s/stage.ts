import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { K3s } from '../../ports/k3s.ts';
import { noRoom } from '../no-room.ts';
import { type StepContext, type StepResult, stepFailure } from '../step.ts';
import { inspect } from './inspect.ts';

/** Brings binary and images here and proves that the binary runs on this host and is what the plan calls it. */
export async function stageK3s(k3s: K3s, artifacts: Artifacts, spec: K3sSpec, context: StepContext): Promise<StepResult> {
  const found = await inspect(k3s, spec, context);
  if (!found.ok) return found;
  const { places } = found;
  const binary = await artifacts.fetch(spec.binary, places.fetched, context.signal);
  if (!binary.ok) return binary;
  if (spec.images !== null) {
    const images = await artifacts.fetch(spec.images, places.fetched, context.signal);
    if (!images.ok) return images;
  }
  await chmod(binary.path, 0o700);
  const version = await k3s.version(binary.path, context.signal);
  if (version !== spec.version) return stepFailure('wrong-version', `artifact ${spec.binary.sha256} ${version === null ? 'is no K3s that runs on this host' : `is K3s ${version}`}, the plan says ${spec.version}`, spec.binary.sha256);
  return noRoom(2 * spec.binary.size + (spec.images?.size ?? 0), [dirname(places.binary), dirname(dirname(places.imagesFolder))]);
}
