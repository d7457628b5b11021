// Wrong input on real hosts with the packages installed: what a person reads, the exit code, and that nothing changed. The same
// words for commands that nobody signed or that come twice are looked at in test/integration/wrong-input/on-the-link.test.ts;
// who is refused, case by case, is proved in test/integration/trust.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { STEP_KEYS } from '../../shared/plan/plan-schema.ts';
import { writeAptRepository } from './apt-repository.ts';
import { makeServiceDeb } from './deb-package.ts';
import { buildFarrierPackages } from './farrier/build-packages.ts';
import { CONTROL, type Enrollment, FarrierFleet } from './farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import type { Host } from './host.ts';

const FIVE_MISTAKES = `apiVersion: farrier/v1
kind: Plan
metadata: { name: five }
spec:
  maxUnavailable: 0
  maxFailures: many
  onFailure: panic
  steps:
    - packages: { install: { hoofd: "2.0" }, sources: [local], conffiles: burn }
    - servise: { restart: hoofd.service }
`;

let folder = '';
let fleet: Fleet;
let farrier: FarrierFleet;
let control: Host;
let n1: Host;
let n2: Host;

beforeAll(async () => {
  const packages = await buildFarrierPackages();
  folder = mkdtempSync(join(tmpdir(), 'farrier-wrong-'));
  const debs = await Promise.all(['1.0', '2.0'].map((version) => makeServiceDeb(folder, { name: 'hoofd', version })));
  await writeAptRepository(join(folder, 'repository'), debs);
  fleet = await bootFleet({ hosts: [CONTROL, 'n1', 'n2'].map((name) => ({ name })), aptRepository: join(folder, 'repository'), label: 'wrong input' });
  farrier = new FarrierFleet(fleet, packages);
  [control, n1, n2] = [farrier.control, fleet.host('n1'), fleet.host('n2')];
  await farrier.installCoordinator();
  await farrier.putPolicy('apiVersion: farrier/v1\nkind: FleetPolicy\nspec: { maxUnavailable: { fleet: 1 } }\n');
  for (const host of farrier.nodes) await host.mustExec(['dpkg', '--install', '/srv/repo/hoofd_1.0_all.deb']);
  await farrier.installAgent(n1, await farrier.createToken());
  await n2.copyIn(packages.agent, '/root/agent.deb');
  await n2.mustExec(['dpkg', '--install', '/root/agent.deb']);
});

afterAll(async () => {
  await fleet?.tearDown();
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  readonly exitCode: number;
  readonly said: string;
}

async function said(host: Host, argv: readonly string[]): Promise<Said> {
  const { exitCode, stdout, stderr } = await host.exec(argv);
  const plain = `${stdout}${stderr}`
    .replaceAll(/sha256:(?!0{64})[0-9a-f]{64}/g, 'sha256:SHOWN')
    .replaceAll(/\btoken [0-9a-f]{12}\b/g, 'token TOKEN')
    .replaceAll(/pid \d+/g, 'pid PID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'WHEN');
  return { exitCode, said: plain.trim() };
}

/** What of a host may not change: packages with their states, holds and marks, the service, who it is and what it has done. */
async function factsOf(host: Host): Promise<string> {
  return await host.mustExec(['sh', '-c', [
    "dpkg-query --show --showformat='${Package} ${Version} ${Status}\\n'",
    'dpkg --audit; apt-mark showhold; apt-mark showauto | sort',
    'systemctl show --property=ActiveState,UnitFileState,Description,MainPID hoofd.service',
    'find /usr/lib/hoofd /etc/farrier /var/lib/farrier-agent/identity/ -type f -exec sha256sum {} + 2>/dev/null | sort -k2',
  ].join('; ')]);
}

/** Runs it and finds the host as it was. */
async function refusedOn(host: Host, argv: readonly string[]): Promise<Said> {
  const before = await factsOf(host);
  const result = await said(host, argv);
  expect(await factsOf(host)).toBe(before);
  return result;
}

async function mainPid(host: Host, unit: string): Promise<string> {
  return await host.mustExec(['systemctl', 'show', '--property=MainPID,NRestarts', unit]);
}

function plan(version: string): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: hoofd }\nspec:\n  maxUnavailable: 1\n  steps:\n    - packages: { install: { hoofd: "${version}" }, sources: [local] }\n    - service: { restart: hoofd.service, looks: 3 }\n`;
}

describe('at the door', () => {
  const enrolling = async ({ token, caHash, enrollAddress }: Enrollment) =>
    await refusedOn(n2, ['farrier-agent', 'enroll', '--coordinator', enrollAddress, '--token', token, '--ca-hash', caHash]);

  test('an expired token, a used-up one, a wrong CA hash: then the right ones', async () => {
    const expired = JSON.parse(await farrier.farrier(['token', 'create', '--ttl', '1s', '--json'])) as Enrollment;
    const used = JSON.parse(await farrier.farrier(['token', 'create', '--json'])) as Enrollment;
    const spare = ['farrier-agent', 'enroll', '--state-dir', '/root/spare', '--coordinator', used.enrollAddress, '--token', used.token, '--ca-hash', used.caHash, '--name', 'spare'];
    await n2.mustExec(spare);
    await farrier.farrier(['node', 'remove', 'spare', '--why', 'tested']);
    // The token lives for one second; a quick machine gets here sooner.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await enrolling(expired)).toEqual({
      exitCode: 1,
      said: 'farrier-agent: the coordinator refuses: token TOKEN expired at WHEN; an operator makes a new one with `farrier token create` (token-expired)',
    });
    expect(await enrolling(used)).toEqual({
      exitCode: 1,
      said: 'farrier-agent: the coordinator refuses: token TOKEN was good for 1 use and has had them; an operator makes a new one with `farrier token create` (token-used-up)',
    });
    const fresh = await farrier.createToken();
    expect(await enrolling({ ...fresh, caHash: `sha256:${'0'.repeat(64)}` })).toEqual({
      exitCode: 1,
      said: `farrier-agent: control:7444 shows a CA with the hash sha256:SHOWN, expected was sha256:${'0'.repeat(64)}. Either the hash was copied wrongly (\`farrier token create\` prints it), or something stands between this host and the coordinator. Nothing was sent`,
    });
    await farrier.installAgent(n2, fresh);
    await farrier.waitForSessions();
  });

  test("a node's certificate in an operator's place, and the reverse", async () => {
    await farrier.farrier(['operator', 'create', 'ann', '--role', 'operator', '--out', '/root/ann.json']);
    const ann = JSON.parse(String(await control.readFile('/root/ann.json'))) as Record<string, string>;
    const [key, certificate] = await Promise.all(['key.pem', 'cert.pem'].map(async (name) => String(await n1.readFile(`/var/lib/farrier-agent/identity/${name}`))));
    await control.writeFile('/root/stolen.json', JSON.stringify({ ...ann, privateKeyPem: key, certificatePem: certificate }), 0o600);
    expect(await said(control, ['farrier', '--operator', '/root/stolen.json', 'node', 'ls'])).toEqual({
      exitCode: 3,
      said: [
        'farrier: the coordinator at control:7443 does not accept this operator: this is the certificate of node n1 of fleet demo; here only the certificate of an operator is taken: an admin issues one: farrier operator create',
        '  remedy: ask an admin for another file: farrier operator create NAME --role ROLE --out FILE',
      ].join('\n'),
    });
    await n2.mustExec(['cp', '-a', '/var/lib/farrier-agent', '/root/other']);
    await n2.writeFile('/root/other/identity/key.pem', ann['privateKeyPem'] ?? '', 0o600);
    await n2.writeFile('/root/other/identity/cert.pem', ann['certificatePem'] ?? '', 0o600);
    expect(await refusedOn(n2, ['farrier-agent', 'run', '--state-dir', '/root/other'])).toEqual({
      exitCode: 1,
      said: 'farrier-agent: /root/other/identity is damaged: cert.pem names another node than identity.json; enroll again: farrier-agent enroll --force',
    });
  });

  test('a second coordinator on the same data folder', async () => {
    const before = await mainPid(control, 'farrier-coordinator');
    expect(await said(control, ['farrier-coordinator', 'run'])).toEqual({
      exitCode: 1,
      said: 'farrier-coordinator: the coordinator with pid PID is running on the data folder /var/lib/farrier-coordinator; nothing was changed\n  remedy: stop pid PID, or give this one a data folder of its own',
    });
    expect(await mainPid(control, 'farrier-coordinator')).toBe(before);
    await farrier.waitForSessions();
  });
});

describe('in a plan', () => {
  test('five mistakes, all at once', async () => {
    await control.writeFile('/root/five.yaml', FIVE_MISTAKES);
    const rollouts = await farrier.farrier(['rollout', 'ls']);
    const mistakes = {
      exitCode: 1,
      said: [
        '/root/five.yaml:5:19 spec.maxUnavailable: is 0; it has to be a whole number of nodes, as 2, or a percentage, as 40%',
        '/root/five.yaml:6:16 spec.maxFailures: is "many"; it has to be a whole number from 0 to 1000000',
        '/root/five.yaml:7:14 spec.onFailure: is "panic"; it has to be "pause" or "rollback"',
        '/root/five.yaml:9:7 warning spec.steps[0]: nothing proves that what these packages run still works; add a step `service: { restart: UNIT }` after it',
        '/root/five.yaml:9:75 spec.steps[0].packages.conffiles: is "burn"; it has to be "keep" or "replace"',
        `/root/five.yaml:10:7 spec.steps[1].servise: "servise" is not known here; did you mean "service"? the known keys are name, ${STEP_KEYS.join(', ')}`,
        '5 mistakes, 1 warning',
      ].join('\n'),
    };
    expect(await said(control, ['farrier', 'plan', 'check', '/root/five.yaml'])).toEqual(mistakes);
    expect(await said(control, ['farrier', 'rollout', 'start', '/root/five.yaml'])).toEqual(mistakes);
    expect(await farrier.farrier(['rollout', 'ls'])).toBe(rollouts);
  });

  test('a package version that no source has', async () => {
    const before = await Promise.all(farrier.nodes.map(factsOf));
    const rollout = await farrier.start(plan('9.9'));
    await farrier.waitFor(rollout, ['held']);
    const why = 'version-not-found hoofd 9.9 is in none of the named sources; they have 2.0, 1.0';
    const details = async () => (await farrier.show(rollout)).nodes.map(({ phase, detail }) => `${phase}: ${detail}`);
    await expect.poll(details, { timeout: 20_000 }).toEqual([`refused: ${why}`, `refused: ${why}`]);
    expect((await said(control, ['farrier', 'why', 'n1'])).said).toContain(`refused: the agent refused the assignment before anything was changed: ${why}`);
    expect((await said(control, ['farrier', 'rollout', 'show', rollout])).said).toContain(why);
    await farrier.farrier(['rollout', 'abort', rollout, '--why', 'no such version']);
    await farrier.waitFor(rollout, ['aborted']);
    expect(await Promise.all(farrier.nodes.map(factsOf))).toEqual(before);
  });
});

describe('on a full disk', () => {
  /** Starts the plan, has it refused on n1, and finds n1 as it was and its agent up. */
  async function fails(leaveBytes: number): Promise<{ readonly phase: string; readonly detail: string }> {
    const facts = async () => ({ host: await factsOf(n1), agent: await mainPid(n1, 'farrier-agent') });
    const before = await facts();
    await n1.fillDisk(leaveBytes);
    try {
      const rollout = await farrier.start(plan('2.0'));
      await farrier.waitFor(rollout, ['held']);
      const node = (await farrier.show(rollout)).nodes.find((one) => one.node === 'n1');
      await farrier.farrier(['rollout', 'abort', rollout, '--why', 'n1 has no room']);
      await farrier.waitFor(rollout, ['aborted']);
      expect(await facts()).toEqual(before);
      return { phase: node?.phase ?? '', detail: node?.detail ?? '' };
    } finally {
      await n1.unfill();
    }
  }

  test('not a byte: the agent stays up, journals that it has no room, and changes nothing', async () => {
    const { phase, detail } = await fails(0);
    expect(phase).toBe('refused');
    expect(detail).toMatch(/^disk-full .*no space left on device.*; nothing was changed\. Free space on this host and start again$/);
  });

  test('room to stage, but none to go back: nothing is begun', async () => {
    const { phase, detail } = await fails(3 * 1024 * 1024);
    expect(phase).toBe('refused');
    expect(detail).toMatch(/^disk-full 9 MiB must be free under \/, [34] MiB are; free space and start again$/);
  });

  test('with room again a new rollout goes through', async () => {
    const rollout = await farrier.start(plan('2.0'));
    await farrier.waitFor(rollout, ['completed']);
    for (const host of farrier.nodes) expect(await host.mustExec(['dpkg-query', '--show', 'hoofd'])).toMatch(/2\.0/);
  });

  test('the coordinator’s: commands are refused, reading goes on, and with room again it goes on', async () => {
    await control.writeFile('/root/plan.yaml', plan('1.0'));
    const before = await mainPid(control, 'farrier-coordinator');
    const rollouts = await farrier.farrier(['rollout', 'ls']);
    await control.fillDisk(0);
    const refusal = {
      exitCode: 1,
      said: 'farrier: no room left to write /var/lib/farrier-coordinator/store.db; nothing of this write was kept; free space on that file system\n  remedy: nothing was changed',
    };
    expect(await said(control, ['farrier', 'rollout', 'start', '/root/plan.yaml'])).toEqual(refusal);
    expect(await said(control, ['farrier', 'token', 'create'])).toEqual(refusal);
    expect(await farrier.farrier(['rollout', 'ls'])).toBe(rollouts);
    // Longer than a lease is good for.
    await new Promise((resolve) => setTimeout(resolve, 17_000));
    expect(await mainPid(control, 'farrier-coordinator')).toBe(before);
    await farrier.waitForSessions();
    await control.unfill();
    const rollout = await farrier.start(plan('1.0'));
    await farrier.waitFor(rollout, ['completed']);
    expect(await mainPid(control, 'farrier-coordinator')).toBe(before);
    for (const host of farrier.nodes) expect(await host.mustExec(['dpkg-query', '--show', 'hoofd'])).toMatch(/1\.0/);
  });
});

test('the audit log holds, and tells every refusal of somebody with a name', async () => {
  const { entries, broken } = JSON.parse(await farrier.farrier(['audit', '--last', '500', '--json'])) as { readonly broken: string; readonly entries: readonly Record<string, string>[] };
  expect(broken).toBe('');
  const refusals = entries.filter(({ result }) => result?.startsWith('refused')).map(({ action, object, result }) => `${action ?? ''} ${object ?? ''} ${result ?? ''}`);
  expect(refusals).toContain('enroll node/n2 refused: token-expired');
  expect(refusals).toContain('enroll node/n2 refused: token-used-up');
  expect(refusals).toContain('authenticate Fleet/ListNodes refused: wrong-kind');
});
