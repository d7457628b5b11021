import type { OutcomeCode } from '../../../shared/domain/outcome.ts';
import type { ProgramResult, RunProgram } from '../../ports/programs.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';

/** @returns '' or why kubeadm on this host is not of that version. */
export async function kubeadmIsNot(run: RunProgram, version: string, { signal }: StepContext): Promise<string> {
  const { code, stdout } = await run(['kubeadm', 'version', '-o', 'short'], { signal });
  const found = stdout.trim();
  if (code === 0 && found === `v${version}`) return '';
  return `kubeadm on this host is ${found || 'of no version that it tells'}, not v${version}; install it in a packages step before this one`;
}

/** Its exit code decides, for kubeadm prints errors of attempts that it then repeats. */
export async function invokeKubeadm(run: RunProgram, args: readonly string[], otherwise: OutcomeCode, context: StepContext): Promise<StepResult> {
  const { signal, output } = context;
  const result = await run(['kubeadm', ...args], { signal, output });
  return result.code === 0 ? STEP_OK : kubeadmFailure(result, args, otherwise);
}

export function kubeadmFailure({ code, stdout, stderr }: ProgramResult, args: readonly string[], otherwise: OutcomeCode): ReturnType<typeof stepFailure> {
  const text = `${stdout}\n${stderr}`;
  const full = /^.*no space left on device.*$/im.exec(text)?.[0];
  const verb = `kubeadm ${args.slice(0, 2).join(' ')}`;
  if (full !== undefined) return stepFailure('disk-full', `${verb}: ${full.trim().slice(0, TELLING_MAX)}; free space and start again`);
  return stepFailure(otherwise, `${verb} ended with code ${code}: ${telling(stderr) || telling(stdout) || 'it said nothing'}`);
}

const TELLING_MAX = 400;

/** cobra prints the error first and a hint about stack traces after it; klog's lines are noise. */
function telling(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^[IWE]\d{4} /.test(line) && !line.startsWith('To see the stack trace'));
  const errors = lines.filter((line) => /^error|\bFATAL\b|\[ERROR /.test(line));
  return (errors.length > 0 ? errors.slice(0, 3) : lines.slice(-2)).join(' | ').slice(0, TELLING_MAX);
}
