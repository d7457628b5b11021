import { chmod, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { K3s } from '../../ports/k3s.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { inspect } from './inspect.ts';
import type { Places } from './places.ts';

/** For drafts, the journal and what else the host writes meanwhile. */
const SLACK_BYTES = 16 * 1024 * 1024;

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
  return noRoom(spec, places);
}

/** Each place is looked at as if everything went there: the fail direction is to refuse here, where nothing is disrupted yet. */
async function noRoom({ binary, images }: K3sSpec, places: Places): Promise<StepResult> {
  const neededBytes = SLACK_BYTES + 2 * binary.size + (images?.size ?? 0);
  for (const place of [dirname(places.binary), dirname(dirname(places.imagesFolder))]) {
    const disk = await statfs(place).catch(() => null);
    const freeBytes = disk === null ? neededBytes : disk.bavail * disk.bsize;
    if (freeBytes < neededBytes) return stepFailure('disk-full', `${neededBytes} bytes must be free under ${place}, ${freeBytes} are; free space and start again`, place);
  }
  return STEP_OK;
}
