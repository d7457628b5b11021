import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mutation } from '../../shared/ports/mutation.ts';
import { buildFarrierPackages } from '../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { differences, readTruth } from './host-truth.ts';
import { makeSampleRepository, samplePlan } from './sample-packages.ts';
import { say } from './say.ts';

/** Real hosts that run sample 1.0, agents of a proof build, and what each host looks like fully old and fully new. */
export interface ProofStage {
  readonly farrier: FarrierFleet;
  readonly nodes: readonly Host[];
  readonly old: ReadonlyMap<string, string>;
  readonly new: ReadonlyMap<string, string>;
  readonly maxUnavailable: number;
  /** So long a rollout may take to end after the last host was hit. */
  readonly patienceMs: number;
  /** Rollouts that went up, the newest last. */
  readonly upgrades: string[];
}

const PATIENCE_MS = 120_000;
/** The rollout that brings nodes back begins once what is under way has ended. */
const ROLLBACK_STARTS_MAX_MS = 120_000;
const LOOK_EVERY_MS = 100;

const POLICY = (nodes: number): string => `apiVersion: farrier/v1
kind: FleetPolicy
spec:
  maxUnavailable: { fleet: ${nodes} }
  lostAfter: 20s
`;

export interface StageOptions {
  readonly nodes: number;
  /** What the agents are built with. */
  readonly mutation: Mutation;
  /** What the coordinator is built with; nothing unless given. */
  readonly coordinatorMutation?: Mutation;
  /** As many nodes as there are unless given. */
  readonly maxUnavailable?: number;
  readonly label: string;
}

/** Boots, installs, enrolls, and leaves every host on sample 1.0. @param work is called with it; the fleet is gone afterwards. */
export async function withStage<T>(options: StageOptions, work: (stage: ProofStage) => Promise<T>): Promise<T> {
  const maxUnavailable = options.maxUnavailable ?? options.nodes;
  const { agent } = await buildFarrierPackages(options.mutation);
  const { coordinator } = await buildFarrierPackages(options.coordinatorMutation ?? '');
  const scratch = mkdtempSync(join(tmpdir(), 'farrier-prove-'));
  const { folder, old } = await makeSampleRepository(scratch);
  const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
  let fleet: Fleet | null = null;
  try {
    fleet = await bootFleet({ hosts: [CONTROL, ...names].map((name) => ({ name })), aptRepository: folder, label: options.label, onProgress: say });
    const farrier = new FarrierFleet(fleet, { agent, coordinator });
    await farrier.installCoordinator();
    await farrier.putPolicy(POLICY(maxUnavailable));
    // What is made here was there long ago.
    await farrier.control.mustExec(['sync']);
    const enrollment = await farrier.createToken();
    await Promise.all(
      farrier.nodes.map(async (host) => {
        await installSample(host, old);
        await farrier.installAgent(host, enrollment);
        await host.mustExec(['sync']);
      }),
    );
    await farrier.waitForSessions();
    const stage = { farrier, nodes: farrier.nodes, old: await truths(farrier.nodes), new: new Map<string, string>(), maxUnavailable, patienceMs: PATIENCE_MS, upgrades: [] };
    return await work(stage);
  } finally {
    await fleet?.tearDown();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** sample is held and by hand, sample-data automatic; a person edited one configuration file. */
async function installSample(host: Host, debs: readonly string[]): Promise<void> {
  const paths = debs.map((_, index) => `/root/sample-${index}.deb`);
  for (const [index, deb] of debs.entries()) await host.copyIn(deb, paths[index] ?? '');
  await host.mustExec(['dpkg', '--install', ...paths]);
  await host.mustExec(['apt-mark', 'auto', 'sample-data']);
  await host.mustExec(['apt-mark', 'hold', 'sample']);
  await host.writeFile('/etc/sample/edited.conf', 'as a person wrote it\n');
}

async function truths(hosts: readonly Host[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(hosts.map(async (host) => [host.name, await readTruth(host)] as const)));
}

/**
 * What fully new is: seen on hosts that nothing happened to, and held against what was asked for, line by line, so that
 * no later host is compared with a mistake.
 */
export async function readNew(stage: ProofStage): Promise<ReadonlyMap<string, string>> {
  const found = await truths(stage.nodes);
  for (const text of found.values()) {
    for (const line of NEW_LINES) if (!text.split('\n').includes(line)) throw new Error(`a clean upgrade should show "${line}":\n${text}`);
    for (const line of ['sample-data 1.0 install ok installed', 'sample']) if (section(text, line === 'sample' ? 'automatically installed' : 'packages').includes(line)) throw new Error(`a clean upgrade should not show "${line}":\n${text}`);
  }
  return found;
}

const NEW_LINES = [
  'sample 2.0 hold ok installed',
  'sample-data 2.0 install ok installed',
  'sample-extra 1.0 install ok installed',
  'sample-data',
  'sample-extra',
  'written by the package: 2.0',
  'as a person wrote it',
  '2.0',
  'active',
  '/bin/sh /usr/lib/sample/run 2.0 ',
  'Description=sample 2.0',
  'NeedDaemonReload=no',
];

function section(text: string, heading: string): readonly string[] {
  const from = text.indexOf(`== ${heading}\n`);
  const until = text.indexOf('\n== ', from);
  return text.slice(from, until === -1 ? undefined : until).split('\n');
}

/** Upgrades every node with nothing going wrong and back again: so the stage knows what fully new is, and how many records each path has. */
export async function rehearse(stage: ProofStage): Promise<ProofStage> {
  const { farrier, nodes } = stage;
  const up = await farrier.start(samplePlan('2.0', stage.maxUnavailable, 0));
  await farrier.waitFor(up, ['completed']);
  const seen = { ...stage, new: await readNew(stage) };
  const back = await rollBack(farrier, up);
  await farrier.waitFor(back, ['completed']);
  for (const host of nodes) {
    const wrong = await differences(host, stage.old.get(host.name) ?? '', 5_000);
    if (wrong.length > 0) throw new Error(`${host.name} is not as it was after a clean rollback: ${wrong.join('; ')}`);
  }
  return seen;
}

/** @returns the rollout that brings the nodes back. */
export async function rollBack(farrier: FarrierFleet, rollout: string): Promise<string> {
  await farrier.farrier(['rollout', 'rollback', rollout]);
  for (const deadline = performance.now() + ROLLBACK_STARTS_MAX_MS; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
    const { rollouts } = JSON.parse(await farrier.farrier(['rollout', 'ls', '--json'])) as { readonly rollouts: readonly { readonly id: string; readonly rollbackOf: string }[] };
    const found = rollouts.find(({ rollbackOf }) => rollbackOf === rollout);
    if (found !== undefined) return found.id;
  }
  throw new Error(`no rollout brings the nodes of ${rollout} back after ${ROLLBACK_STARTS_MAX_MS} ms`);
}
