// What a host does, and says, when somebody between it and its coordinator sends what no key of the fleet signed, or once
// more what it did sign. The agent, the link and the coordinator are the real ones; only the host's steps are not.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ALLOW_ALL } from '../../../agent/core/allow-list.ts';
import { FactsWatch } from '../../../agent/facts/facts-watch.ts';
import { enroll } from '../../../agent/identity/enroll.ts';
import { serveSession } from '../../../agent/link/session.ts';
import { LiveAgent } from '../../../agent/live-agent.ts';
import { openHost, type OpenHost } from '../../../agent/open-host.ts';
import type { WorkUnits } from '../../../agent/ports/work-units.ts';
import { journalFolder, openHostJournal } from '../../../agent/runner/host.ts';
import { JournalReader } from '../../../agent/runner/journal-reader.ts';
import { runWork } from '../../../agent/runner/run-work.ts';
import { STEP_OK } from '../../../agent/steps/step.ts';
import type { Executors } from '../../../agent/steps/step.ts';
import type { FleetKeys } from '../../../coordinator/trust/fleet-keys.ts';
import { openKeys } from '../../../coordinator/trust/open-keys.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { signEnvelope } from '../../../shared/trust/dsse.ts';
import { signTrustDocument } from '../../../shared/trust/trust-document.ts';
import { ASSIGNMENT_TYPE } from '../../../shared/trust/payload-types.ts';
import { generateSigningKey } from '../../../shared/trust/signing-key.ts';
import type { CreateTokenResponse__Output } from '../../../shared/wire/messages.ts';
import { Between } from '../../support/between.ts';
import { call } from '../../support/call.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { BARE_HOST } from '../../support/example-facts.ts';
import { lineLogger } from '../../support/line-logger.ts';
import { noWatchdog } from '../../support/runner-fakes.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';
import { sameForEveryKind } from '../../support/same-executor.ts';
import { filesOf } from '../../support/unchanged.ts';

const PLAN = 'apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: hello }\nspec:\n  steps:\n    - service: { restart: hello.service }\n';

const log = lineLogger();
const stop = new AbortController();
const did: string[] = [];
let mayBegin = false;
let coordinator: RunningCoordinator;
let stateDir: string;
let host: OpenHost;
let between: Between;
let keys: FleetKeys;
let served: Promise<unknown>;

beforeAll(async () => {
  coordinator = await RunningCoordinator.start();
  const { settings } = coordinator;
  stateDir = mkdtempSync(join(tmpdir(), 'farrier-link-'));
  const token = await call<CreateTokenResponse__Output>((done) => coordinator.admin.CreateToken({}, done));
  const enrolled = await enroll({ ...token, name: 'n1', machineId: '', stateDir, force: false, clock: systemClock }, AbortSignal.timeout(20_000));
  expect(enrolled).toMatchObject({ ok: true });
  const opened = await openHost({ stateDir, allow: ALLOW_ALL }, log.logger);
  if (!opened.ok) throw new Error(opened.message);
  host = opened.host;
  const found = await openKeys(settings.dataFolder, { fleet: settings.fleet, serverNames: ['localhost'], clock: systemClock, random: systemRandom });
  if (!found.ok) throw new Error(found.message);
  keys = found.keys;
  between = new Between(keys, host.identity, `localhost:${settings.listen.split(':')[1] ?? ''}`);
  const journal = openHostJournal(host, 1_000);
  if (journal.ok) journal.journal.close();
  const reader = new JournalReader(journalFolder(stateDir), host.journalFiles);
  const agent = new LiveAgent(host, reader, units(), { bootId: host.bootId, machineId: '', osRelease: '', kernel: '', architecture: 'amd64' }, new FactsWatch(async () => ({ read: async () => BARE_HOST, readMember: async (facts) => facts }), host), 'test');
  const { keyPem, certificatePem, caPem } = host.identity;
  const target = { address: await between.listen(), caPem: Buffer.from(caPem), keyPem: Buffer.from(keyPem), certificatePem: Buffer.from(certificatePem) };
  served = serveSession(target, agent, stop.signal);
  await until(async () => (await farrier('node', 'ls')).includes('connected'));
}, 60_000);

afterAll(async () => {
  stop.abort();
  await served;
  between.close();
  await coordinator.destroy();
  rmSync(stateDir, { recursive: true });
});

/** Work units in this process; until the test says so, one that activates never gets to run. */
function units(): WorkUnits {
  const act = async (what: string) => {
    did.push(what);
    return STEP_OK;
  };
  const service: Executors['service'] = {
    kind: 'service',
    stage: async () => STEP_OK,
    check: async () => ({ ok: true, state: 'needed' }),
    capture: async () => ({ ok: true, prior: {} }),
    apply: async ({ name }) => await act(`apply ${name}`),
    verify: async ({ name }) => await act(`verify ${name}`),
    revert: async ({ name }) => await act(`revert ${name}`),
    canRevert: async () => STEP_OK,
  };
  let running: number | null = null;
  return {
    running: async () => running,
    stop: async () => undefined,
    kill: async () => undefined,
    start: async (generation, mode) => {
      if (mode === 'activate' && !mayBegin) return '';
      running = generation;
      const executors = sameForEveryKind(service);
      void runWork({ generation, mode: mode === 'stage' ? 'stage' : 'activate' }, host, executors, noWatchdog, stop.signal, async () => undefined).finally(() => {
        running = null;
      });
      return '';
    },
  };
}

async function farrier(...argv: readonly string[]): Promise<string> {
  const { stdout } = await runFarrier([...argv, '--socket', coordinator.settings.adminSocket], { clock: systemClock });
  return stdout.join('\n');
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < 600; look += 1) {
    if (await holds()) return;
    await systemClock.sleep(25);
  }
  throw new Error(`it did not come to that: ${log.lines.slice(-5).join('\n')}`);
}

function kinds(): readonly string[] {
  return new JournalReader(journalFolder(stateDir), host.journalFiles).records.map(({ kind }) => kind);
}

/** Says it to the agent. @returns the line that the agent writes for it, when journal, identity and host are as they were. */
async function refusedBy(message: Parameters<Between['say']>[0]): Promise<unknown> {
  // Written with the session that just opened.
  await until(() => existsSync(join(stateDir, 'proved.json')));
  const before = { files: filesOf(stateDir), did: [...did] };
  const known = log.lines.length;
  between.say(message);
  const line = (): string | undefined => log.lines.slice(known).find((one) => one.includes('"message":"refused"'));
  await until(() => line() !== undefined);
  expect({ files: filesOf(stateDir), did }).toEqual(before);
  return JSON.parse((line() ?? '').replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'REQUEST'));
}

/** As an operator sees it, and as it stays in the audit log. */
async function shown(): Promise<{ readonly why: string; readonly audit: string }> {
  await until(async () => (await farrier('why', 'n1')).includes('it refused what it was sent'));
  const why = (await farrier('why', 'n1')).split('\n').find((line) => line.includes('it refused what it was sent')) ?? '';
  const { entries } = JSON.parse(await farrier('audit', '--last', '1', '--json')) as { readonly entries: readonly Record<string, string>[] };
  return { why: why.trim(), audit: `${entries[0]?.['who'] ?? ''} ${entries[0]?.['action'] ?? ''}: ${entries[0]?.['result'] ?? ''}` };
}

test('an assignment that nobody signed', async () => {
  expect(await refusedBy({ assignment: { payload: Buffer.from('x'), payloadType: ASSIGNMENT_TYPE, signatures: [] } })).toMatchInlineSnapshot(`
    {
      "code": "signature-invalid",
      "level": "warn",
      "message": "refused",
      "object": "",
      "why": "the envelope carries no signature; nothing unsigned is acted on. Nothing was changed. Find out what stands between this host and its coordinator; where the fleet was made anew, farrier-agent enroll --force",
    }
  `);
  expect(await shown()).toMatchInlineSnapshot(`
    {
      "audit": "node/n1 take a command: refused: signature-invalid",
      "why": "waiting-for-agent: the coordinator waits for the agent to answer: it refused what it was sent: signature-invalid the envelope carries no signature; nothing unsigned is acted on. Nothing was changed. Find out what stands between this host and its coordinator; where the fleet was made anew, farrier-agent enroll --force",
    }
  `);
});

test('an assignment signed by a key that this host does not trust, and a permit under the name of another payload', async () => {
  const foreign = signEnvelope(ASSIGNMENT_TYPE, Buffer.from('x'), generateSigningKey());
  expect(await refusedBy({ assignment: foreign })).toMatchObject({ code: 'signature-invalid' });
  expect(await refusedBy({ permit: foreign })).toMatchObject({ code: 'signature-invalid' });
});

test('a permit sent twice before it was begun, and once more after all is done; an assignment changed on its way', async () => {
  const { rollout } = await call<{ rollout: string }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
  await until(() => between.permits.length > 0 && kinds().includes('permit'));
  const [permit] = between.permits;
  const [assignment] = between.assignments;
  if (permit === undefined || assignment === undefined) throw new Error('nothing passed');
  expect(await refusedBy({ permit })).toMatchInlineSnapshot(`
    {
      "code": "permit-replayed",
      "level": "warn",
      "message": "refused",
      "object": "",
      "why": "the permit answers request REQUEST, which is not the open one: it was used before, or came too late. Nothing was begun; the coordinator offers a new one by itself",
    }
  `);
  expect((await shown()).audit).toBe('node/n1 take a command: refused: permit-replayed');

  const changed = { ...assignment, payload: Buffer.concat([Buffer.from(assignment.payload ?? ''), Buffer.from([0])]) };
  expect(await refusedBy({ assignment: changed })).toMatchObject({ code: 'signature-invalid' });

  mayBegin = true;
  await until(async () => (await farrier('rollout', 'show', rollout)).includes('completed'));
  expect(did).toEqual([expect.stringContaining('apply'), expect.stringContaining('verify')]);
  const last = between.permits.at(-1);
  if (last === undefined) throw new Error('no permit passed');
  expect(await refusedBy({ permit: last })).toMatchInlineSnapshot(`
    {
      "code": "generation-stale",
      "level": "warn",
      "message": "refused",
      "object": "",
      "why": "generation 1 is begun or over: its permit was used, and is good for nothing more",
    }
  `);
}, 60_000);

/** A file that takes no byte, in the place where this one is written before it is renamed. */
function fill(...path: readonly string[]): () => void {
  const draft = `${join(stateDir, ...path)}.new`;
  symlinkSync('/dev/full', draft);
  return () => rmSync(draft);
}

test('a disk without room for a trust document: the agent stays up, says so, and takes it when there is', async () => {
  const version = host.trust.version + 1;
  const trust = signTrustDocument({ ...host.trust, version, issuedUnixMs: Date.now() }, keys.rootKey);
  const makeRoom = fill('identity', 'trust.json');
  const known = log.lines.length;
  between.say({ trust });
  await until(() => log.lines.slice(known).some((line) => line.includes('disk-full')));
  expect(JSON.parse(log.lines.slice(known).find((line) => line.includes('disk-full')) ?? '')).toMatchInlineSnapshot(`
    {
      "code": "disk-full",
      "level": "warn",
      "message": "refused",
      "object": "",
      "why": "what the coordinator sent could not be written down: ENOSPC: no space left on device, write; nothing was changed. Free space on this host and start again",
    }
  `);
  expect((await shown()).why).toContain('it refused what it was sent: disk-full what the coordinator sent could not be written down');
  expect(host.trust.version).toBe(version - 1);
  makeRoom();
  between.say({ trust });
  await until(() => host.trust.version === version);
});

test('a disk without room for an assignment: refused as disk-full and journaled; with room the next one goes through', async () => {
  const start = async () => await call<{ rollout: string }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
  const before = [...did];
  mkdirSync(join(stateDir, 'assignments', '2'));
  const makeRoom = fill('assignments', '2', 'assignment.dsse.json');
  const { rollout } = await start();
  await until(async () => (await farrier('rollout', 'show', rollout)).includes('held'));
  expect(await farrier('why', 'n1')).toContain(
    'disk-full the assignment could not be kept: ENOSPC: no space left on device, write; nothing was changed. Free space on this host and start again',
  );
  expect(did).toEqual(before);
  await farrier('rollout', 'abort', rollout, '--why', 'no room');
  makeRoom();
  const next = await start();
  await until(async () => (await farrier('rollout', 'show', next.rollout)).includes('completed'));
}, 60_000);

test('a disk without room for a permit: given up at once, so that its slot is free', async () => {
  const before = [...did];
  mkdirSync(join(stateDir, 'assignments', '4'));
  const makeRoom = fill('assignments', '4', 'permit.json');
  const { rollout } = await call<{ rollout: string }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
  await until(async () => (await farrier('rollout', 'show', rollout)).includes('held'));
  expect(await farrier('why', 'n1')).toContain('disk-full the permit could not be kept: ENOSPC: no space left on device, write; nothing was changed. Free space on this host and start again');
  expect((await farrier('node', 'show', 'n1'))).toMatch(/slot +none/);
  expect(did).toEqual(before);
  makeRoom();
}, 60_000);
