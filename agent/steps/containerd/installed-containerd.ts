import { formatRelease, parseRelease, type Release } from '../../../shared/domain/release.ts';
import { CONTAINERD_UNIT } from '../../../shared/domain/steps/containerd-spec.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';

/** containerd as systemd runs it. */
export interface InstalledContainerd {
  readonly ok: true;
  readonly program: string;
  readonly version: string;
  readonly release: Release;
  readonly configFile: string;
}

const DEFAULT_CONFIG = '/etc/containerd/config.toml';
/** With any other, a restart of the unit takes the containers with it. */
const CONTAINERS_STAY = ['process', 'none'];

export async function installedContainerd(run: RunProgram, { signal }: Pick<StepContext, 'signal'>): Promise<InstalledContainerd | StepFailure> {
  const { code, stdout, stderr } = await run(['systemctl', 'show', '--property=ExecStart,KillMode', '--', CONTAINERD_UNIT], { signal });
  if (code !== 0) throw new Error(`systemctl show ${CONTAINERD_UNIT}: ${stderr.trim()}`);
  const [, program = '', argv = ''] = /^ExecStart=\{ path=(\/\S+) ; argv\[\]=(.*?) ; ignore_errors=/m.exec(stdout) ?? [];
  if (program === '') return stepFailure('unit-not-found', `systemd knows no unit ${CONTAINERD_UNIT} that could run; install containerd first, and see that its unit is not masked. K3s has a containerd of its own: use its step`, CONTAINERD_UNIT);
  const killMode = /^KillMode=(.*)$/m.exec(stdout)?.[1] ?? '';
  if (!CONTAINERS_STAY.includes(killMode)) return stepFailure('not-allowed', `${CONTAINERD_UNIT} has KillMode=${killMode}: a restart would end every container; set KillMode=process`, CONTAINERD_UNIT);
  const said = await run([program, '--version'], { signal });
  const version = said.stdout.trim().split(/\s+/)[2] ?? '';
  const release = parseRelease(version);
  if (said.code !== 0 || release === null) return stepFailure('wrong-version', `${program} does not say its version; nobody can say which configuration it reads`, program);
  return { ok: true, program, version: formatRelease(release), release, configFile: configFileOf(argv) };
}

function configFileOf(argv: string): string {
  const found = / (?:--config|-c)[ =](\/\S+)/.exec(argv)?.[1];
  return found ?? DEFAULT_CONFIG;
}
