import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundlePrograms } from '../../systemd/package/bundle-programs.ts';
import { hostArchitecture, nodeRuntime } from '../../systemd/package/node-runtime.ts';
import { RECIPES } from '../../systemd/package/package-tree.ts';
import { cacheFolder } from '../fleet/cache-folder.ts';
import { freePort } from '../support/free-port.ts';
import { startProgram } from './measured-program.ts';
import type { MeasuredProgram } from './measured-program.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const startMaxMs = 30_000;

/** Node's flags as the package's own start script gives them. */
export function agentFlags(): readonly string[] {
  const script = readFileSync(join(root, 'systemd/package/agent/farrier-agent.sh'), 'utf8');
  const flags = /^exec "\$version\/node" (.*) "\$version\/agent\.mjs"/m.exec(script)?.[1]?.split(' ') ?? [];
  if (flags.length === 0) throw new Error('farrier-agent.sh starts the agent in a way that this does not read');
  return flags;
}

/** The programs as the packages have them, on the Node that the packages bring, in a folder that goes away. */
export interface BenchFleet {
  readonly folder: string;
  readonly node: string;
  /** `[node, ...flags, program]`. */
  readonly agent: readonly string[];
  readonly enrollAddress: string;
  readonly linkAddress: string;
  readonly startCoordinator: () => Promise<MeasuredProgram>;
  readonly token: (uses: number) => Promise<{ readonly token: string; readonly caHash: string }>;
  /** Makes a node of it and returns the arguments with which it runs. */
  readonly enroll: (name: string) => Promise<readonly string[]>;
  readonly destroy: () => void;
}

export async function benchFleet(): Promise<BenchFleet> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-bench-'));
  for (const { programs } of RECIPES) await bundlePrograms({ root, programs, outFolder: folder, version: '0.0.0', mutation: '' });
  const node = nodeRuntime(root, hostArchitecture(), cacheFolder('packages'), null).path;
  const [link, enrollment] = [await freePort(), await freePort()];
  const socket = join(folder, 'run/admin.sock');
  const config = join(folder, 'config');
  mkdirSync(config);
  writeFileSync(
    join(config, 'coordinator.yaml'),
    [`fleet: bench`, `advertise: localhost`, `dataFolder: ${join(folder, 'data')}`, `adminSocket: ${socket}`, `listen: 127.0.0.1:${link}`, `enrollListen: 127.0.0.1:${enrollment}`, ''].join('\n'),
  );
  const agent = [node, ...agentFlags(), join(folder, 'agent.mjs')];
  const enrollAddress = `localhost:${enrollment}`;
  const token = async (uses: number): Promise<{ readonly token: string; readonly caHash: string }> => {
    const args = [join(folder, 'farrier.mjs'), '--socket', socket, '--json', 'token', 'create', '--uses', String(uses), '--names', '*'];
    return JSON.parse((await run(node, args)).stdout) as { readonly token: string; readonly caHash: string };
  };
  return {
    folder,
    node,
    agent,
    enrollAddress,
    linkAddress: `localhost:${link}`,
    startCoordinator: async () => {
      // Where another coordinator is to be measured, its start command goes here.
      const program = startProgram([node, '--disable-sigusr1', join(folder, 'coordinator.mjs'), 'run', '--config-dir', config]);
      await program.said(/"msg":"serving"/, startMaxMs);
      return program;
    },
    token,
    enroll: async (name) => {
      const { token: secret, caHash } = await token(1);
      const where = ['--state-dir', join(folder, `agent-${name}`), '--config-dir', config];
      const [program = '', ...flags] = agent;
      await run(program, [...flags, 'enroll', '--coordinator', enrollAddress, '--token', secret, '--ca-hash', caHash, '--name', name, ...where]);
      return [...agent, 'run', ...where];
    },
    destroy: () => rmSync(folder, { recursive: true, force: true }),
  };
}
