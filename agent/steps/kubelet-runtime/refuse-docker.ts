import type { Docker } from '../../ports/docker.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';

const NAMED_MAX = 10;

/**
 * What of Docker's would not survive its end, or would go on in spite of it. Containers that are not of Kubernetes and that
 * Docker starts again by itself are told to whoever reads the step's output.
 */
export async function refuseDocker(docker: Docker, { output, signal }: StepContext): Promise<StepFailure | null> {
  const look = await docker.look(signal);
  if (look === null) return null;
  if (look.liveRestore) return stepFailure('not-allowed', 'Docker has live-restore: its containers would go on while it is down, beside those that the kubelet starts in their place; take live-restore out of /etc/docker/daemon.json and reload docker.service', 'docker.service');
  const others = look.running.filter(({ isKubernetes }) => !isKubernetes);
  const lost = others.filter(({ restarts }) => !restarts).map(({ name }) => name);
  if (lost.length > 0) return stepFailure('not-allowed', `${named(lost)} run in Docker outside of Kubernetes, and nothing would start them again on the way back; end them, or give them --restart unless-stopped`, lost[0]);
  if (others.length > 0) output(`these containers of Docker are not of Kubernetes and end with it: ${named(others.map(({ name }) => name))}\n`);
  return null;
}

function named(names: readonly string[]): string {
  return `${names.slice(0, NAMED_MAX).join(', ')}${names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : ''}`;
}
