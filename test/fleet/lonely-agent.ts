// The agent's inside without link and enrollment, for tests in a host: it signs its own assignments. Verbs:
//   assign GENERATION JSON   a sequence of steps, or a number: rolls back that generation; accepts and stages it
//   permit GENERATION        permits it and starts the work unit
//   drive                    what the agent does when it starts
//   finish | revert | release | bark
//   facts                    prints what it tells of its host
//   work ...                 what the work unit runs
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { deadlineWatchdog } from '../../agent/adapters/deadline-watchdog.ts';
import { linkArtifacts } from '../../agent/adapters/link-artifacts.ts';
import { hostExecutors } from '../../agent/adapters/host-executors.ts';
import { readBootId } from '../../agent/adapters/host-facts.ts';
import { runProgram } from '../../agent/adapters/run-program.ts';
import { syncFileSystems } from '../../agent/adapters/sync-file-systems.ts';
import { journalDurableFiles } from '../../agent/adapters/system-durable-files.ts';
import { systemdWorkUnits } from '../../agent/adapters/systemd/systemd-work-units.ts';
import { agentDuty } from '../../agent/core/agent-duty.ts';
import { ALLOW_ALL } from '../../agent/core/allow-list.ts';
import { HostFactsReader } from '../../agent/facts/read-host-facts.ts';
import { progressOf } from '../../agent/core/progress.ts';
import { WORK_MODES } from '../../agent/ports/work-units.ts';
import { acceptAssignment } from '../../agent/runner/accept-assignment.ts';
import { AssignmentFiles } from '../../agent/runner/assignment-files.ts';
import { bark } from '../../agent/runner/bark.ts';
import { breakGlassFinish, breakGlassRelease, breakGlassRevert } from '../../agent/runner/break-glass.ts';
import { type Host, journalFolder } from '../../agent/runner/host.ts';
import { JournalReader } from '../../agent/runner/journal-reader.ts';
import { recordPermit } from '../../agent/runner/record-permit.ts';
import { runWork } from '../../agent/runner/run-work.ts';
import { stepFailure } from '../../agent/steps/step.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { signEnvelope, verifyEnvelope } from '../../shared/trust/dsse.ts';
import { ASSIGNMENT_TYPE, PERMIT_TYPE } from '../../shared/trust/payload-types.ts';
import { generateSigningKey, signingKeyFromPem, signingKeyToPem } from '../../shared/trust/signing-key.ts';
import { writeDurably } from '../../shared/files/write-durably.ts';
import { encodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { encodePermit } from '../../shared/wire/permit-codec.ts';
import { encodeSequence } from '../../shared/wire/sequence-codec.ts';
import { toldAgent } from './told-agent.ts';

const STATE = '/var/lib/lonely-agent';
/** Units inherit nothing. */
const COMPILED = process.env['NODE_COMPILE_CACHE'] === undefined ? [] : ['/usr/bin/env', `NODE_COMPILE_CACHE=${process.env['NODE_COMPILE_CACHE']}`];
const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const logger = { debug: () => undefined, info: print, warn: (message: string, fields?: unknown) => print({ message, fields }), error: (message: string, fields?: unknown) => print({ message, fields }), with: () => logger };

mkdirSync(STATE, { recursive: true });
const KEY = `${STATE}/test-key.pem`;
if (!existsSync(KEY)) await writeDurably(KEY, signingKeyToPem(generateSigningKey()));
const signing = signingKeyFromPem(readFileSync(KEY, 'utf8'));
const host: Host = {
  fleet: 'f', node: 'n', bootId: readBootId(), stateDir: STATE, allow: ALLOW_ALL,
  assignments: new AssignmentFiles(STATE), journalFiles: journalDurableFiles, clock: systemClock, random: systemRandom, logger,
  verify: (envelope, type) => verifyEnvelope(envelope, [signing], type),
};
const units = systemdWorkUnits(runProgram, { argv: () => [...COMPILED, process.execPath, process.argv[1] ?? ''], stateDir: STATE, configDir: '/etc/farrier' });
const watchdog = deadlineWatchdog(STATE, systemClock);
const records = () => new JournalReader(journalFolder(STATE), journalDurableFiles).records;
const header = (generation: number) => ({
  fleet: 'f', node: 'n', rollout: `r${generation}`, generation, epoch: 1, ledgerSequence: 1, issuedUnixMs: Date.now(), expiresUnixMs: Date.now() + 3_600_000,
});

async function assign(generation: number, what: string): Promise<void> {
  const parsed = JSON.parse(what) as readonly StepSpec[] | { readonly steps: readonly StepSpec[]; readonly silenceMs: number } | number;
  const silenceMs = typeof parsed === 'object' && 'silenceMs' in parsed ? parsed.silenceMs : 0;
  const onSilence = silenceMs > 0 ? 'revert' as const : 'keep' as const;
  const before = typeof parsed === 'number' ? progressOf(records(), parsed) : null;
  const action = typeof parsed === 'number'
    ? { kind: 'revert' as const, of: { rollout: `r${parsed}`, generation: parsed, digest: before?.digest ?? '0'.repeat(64) } }
    : { kind: 'sequence' as const, bytes: encodeSequence('steps' in parsed ? parsed.steps : parsed) };
  const payload = encodeAssignment({ ...header(generation), action, onSilence, silenceMs });
  print(await acceptAssignment(signEnvelope(ASSIGNMENT_TYPE, payload, signing), host));
  print({ said: await units.start(generation, 'stage') });
}

async function permit(generation: number): Promise<void> {
  const digest = progressOf(records(), generation)?.digest ?? '';
  const question = { requestId: `q${generation}`, generation, bootId: host.bootId, sentMonotonicMs: systemClock.monotonicMs() };
  const payload = encodePermit({ ...header(generation), digest, requestId: question.requestId, validForMs: 60_000 });
  print(await recordPermit(signEnvelope(PERMIT_TYPE, payload, signing), question, host));
  print({ said: await units.start(generation, 'activate') });
}

async function drive(): Promise<void> {
  const duty = agentDuty(records(), await units.running());
  print({ duty: duty.kind });
  if (duty.kind === 'start-work') print({ said: await units.start(duty.generation, duty.mode) });
}

async function work(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  // The real program has more options; where things lie is fixed here.
  const { values } = parseArgs({ args: [...args], options: { generation: text, mode: text }, strict: false });
  const mode = WORK_MODES.find((known) => known === values.mode);
  if (mode === undefined) throw new Error('no mode');
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const connect = async () => stepFailure('source-unreachable', 'this host has nobody to talk to');
  const artifacts = linkArtifacts({ cacheDir: '/var/cache/lonely-agent/artifacts', connect, clock: systemClock });
  const real = hostExecutors({ sourcesDir: '/etc/farrier/sources.d', cacheDir: '/var/cache/lonely-agent', stateDir: STATE, artifacts, configDir: '/etc/farrier', argv: process.argv, reach: async () => false }, systemClock);
  // No step on this host truly has a point of no return: one that is named so stands for it.
  const named = { ...real, service: { ...real.service, pointOfNoReturn: ({ name }: StepSpec) => (name.startsWith('no return') ? 'it was restarted' : null) } };
  const { executors, settle } = toldAgent(named, syncFileSystems, STATE);
  print(await runWork({ generation: Number(values.generation), mode }, host, executors, watchdog, stop.signal, settle));
}

const [verb = '', ...words] = process.argv.slice(2);
const generation = Number(words[0]);
if (verb === 'work') await work(words);
if (verb === 'assign') await assign(generation, words[1] ?? '');
if (verb === 'permit') await permit(generation);
if (verb === 'drive') await drive();
if (verb === 'finish') print(await breakGlassFinish(units, host));
if (verb === 'revert') print(await breakGlassRevert(units, host));
if (verb === 'release') print(await breakGlassRelease(units, watchdog, host));
if (verb === 'facts') print(await new HostFactsReader(runProgram).read(AbortSignal.timeout(30_000)));
if (verb === 'bark') print(await bark(watchdog, units, host));
