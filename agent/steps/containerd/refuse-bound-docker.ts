import { CONTAINERD_UNIT } from '../../../shared/domain/steps/containerd-spec.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';

const DOCKER_UNIT = 'docker.service';
/** systemd.unit(5): what these name takes the unit along when it is restarted; Wants= does not. */
const TAKEN_ALONG = ['BindsTo', 'Requires'];

/**
 * Docker's containers end with its unit. Docker's own packages bound it to containerd up to 19.03, and had it require containerd
 * in 20.10; Debian's only wants it. https://github.com/docker/docker-ce-packaging/pull/508
 */
export async function refuseBoundDocker(run: RunProgram, { signal }: Pick<StepContext, 'signal'>): Promise<StepFailure | null> {
  const { code, stdout, stderr } = await run(['systemctl', 'show', `--property=ActiveState,${TAKEN_ALONG.join(',')}`, '--', DOCKER_UNIT], { signal });
  if (code !== 0) throw new Error(`systemctl show ${DOCKER_UNIT}: ${stderr.trim()}`);
  const said = new Map(stdout.split('\n').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
  const bond = TAKEN_ALONG.find((property) => said.get(property)?.split(' ').includes(CONTAINERD_UNIT));
  if (bond === undefined || ['inactive', 'failed'].includes(said.get('ActiveState') ?? '')) return null;
  return stepFailure('not-allowed', `${DOCKER_UNIT} has ${bond}=${CONTAINERD_UNIT}: a restart of ${CONTAINERD_UNIT} would restart it and end every container of Docker’s; write Wants=${CONTAINERD_UNIT} instead (systemctl edit --full ${DOCKER_UNIT}), or upgrade Docker to one whose unit says that`, DOCKER_UNIT);
}
