import { Listr } from 'listr2';
import { join } from 'node:path';

import { downloadContainerdPair, versionOfDeb, writeAptRepository } from '../fleet/apt-repository.ts';
import { cacheFolder } from '../fleet/cache-folder.ts';
import { importImage, type RunningContainer, startContainer, writeBusyboxImage } from '../fleet/container-image.ts';
import { makeServiceDeb } from '../fleet/deb-package.ts';
import { buildFarrierPackages, type FarrierPackages } from '../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { NATS_SETTINGS, startNatsOn } from '../fleet/farrier/nats-on-host.ts';
import { bootFleet } from '../fleet/fleet.ts';
import { POLICY } from './plans.ts';

const NODES = ['edge-1', 'edge-2', 'edge-3', 'edge-4', 'edge-5'];
/** Version 2.0 of the sample package crashes where this file lies. */
export const UNLUCKY_FILE = '/etc/sample-crashes-here';

export interface Stage {
  readonly farrier: FarrierFleet;
  readonly containers: ReadonlyMap<string, RunningContainer>;
  readonly versions: { readonly old: string; readonly new: string };
}

interface Making {
  packages?: FarrierPackages;
  repository?: Repository;
  farrier?: FarrierFleet;
  containers: Map<string, RunningContainer>;
}

interface Repository {
  readonly folder: string;
  readonly versions: { readonly old: string; readonly new: string };
  readonly sample: string;
}

/** Everything before the first rollout, with progress. Second runs find the heavy things in the cache. */
export async function prepareStage(store: 'sqlite' | 'nats', onFleet: (farrier: FarrierFleet) => void): Promise<Stage> {
  const making: Making = { containers: new Map() };
  const run = new Listr<Making>(
    [
      { title: 'Build the .debs of agent and coordinator', task: async (context, self) => void (context.packages = await buildFarrierPackages('', (line) => (self.output = line))) },
      { title: 'Make an apt repository with containerd 1.6 and 1.7', task: async (context) => void (context.repository = await makeRepository()) },
      {
        title: `Boot ${NODES.length + 1} hosts, each with a systemd, a disk and an address of its own`,
        task: async (context, self) => {
          const hosts = [CONTROL, ...NODES].map((name) => ({ name }));
          const fleet = await bootFleet({ hosts, aptRepository: must(context.repository).folder, onProgress: (line) => (self.output = line) });
          context.farrier = new FarrierFleet(fleet, must(context.packages));
          onFleet(context.farrier);
        },
      },
      { title: 'Start a container and the sample service on every host', task: async (context, self) => await fillHosts(context, (line) => (self.output = line)) },
      {
        title: 'Install the coordinator from its .deb; allow two hosts down at once',
        task: async (context) => {
          await installCoordinator(must(context.farrier), store);
          await must(context.farrier).putPolicy(POLICY);
        },
      },
      { title: 'Install and enroll the agents from their .deb; the hosts have no Node', task: async (context, self) => await enrollHosts(must(context.farrier), (line) => (self.output = line)) },
    ],
    { ctx: making, fallbackRenderer: 'simple' },
  );
  await run.run();
  return { farrier: must(making.farrier), containers: making.containers, versions: must(making.repository).versions };
}

async function makeRepository(): Promise<Repository> {
  const folder = cacheFolder('demo', 'repository');
  const pair = await downloadContainerdPair();
  const scratch = cacheFolder('demo', 'debs');
  const sample = await makeServiceDeb(scratch, { name: 'sample', version: '1.0' });
  const breaking = await makeServiceDeb(scratch, { name: 'sample', version: '2.0', service: { crashesAfterS: 1, onlyWhere: UNLUCKY_FILE } });
  await writeAptRepository(folder, [pair.old, pair.new, sample, breaking]);
  return { folder, versions: { old: await versionOfDeb(pair.old), new: await versionOfDeb(pair.new) }, sample };
}

async function fillHosts(context: Making, say: (line: string) => void): Promise<void> {
  const image = await writeBusyboxImage(join(cacheFolder('demo'), 'busybox.tar'));
  const { sample } = must(context.repository);
  await Promise.all(
    must(context.farrier).nodes.map(async (host) => {
      await importImage(host, image);
      context.containers.set(host.name, await startContainer(host, 'survivor'));
      await host.copyIn(sample, '/root/sample.deb');
      await host.mustExec(['dpkg', '--install', '/root/sample.deb']);
      say(`${host.name} runs both`);
    }),
  );
}

async function installCoordinator(farrier: FarrierFleet, store: 'sqlite' | 'nats'): Promise<void> {
  if (store === 'nats') await startNatsOn(farrier.control);
  await farrier.installCoordinator(`fleet: demo\nadvertise: control\n${store === 'nats' ? NATS_SETTINGS : ''}`);
}

async function enrollHosts(farrier: FarrierFleet, say: (line: string) => void): Promise<void> {
  const enrollment = await farrier.createToken({ role: 'worker' });
  await Promise.all(
    farrier.nodes.map(async (host) => {
      await farrier.installAgent(host, enrollment);
      say(`${host.name} is enrolled`);
    }),
  );
  await farrier.waitForSessions();
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an earlier step made nothing');
  return value;
}
