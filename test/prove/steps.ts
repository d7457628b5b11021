// npm run prove:steps: what the reversible steps promise, on real hosts. `--only` picks sections, or cases of the sweep.
import { withAgentStage } from './agent-stage.ts';
import { playTests } from './play-tests.ts';
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';
import { proveAgents } from './prove-agents.ts';
import { proveK3sSequence } from './steps/clean-k3s.ts';
import { proveKubeadmSequence } from './steps/clean-kubeadm.ts';
import { provePreflightOfCluster } from './steps/preflight-of-a-cluster.ts';
import { playSweep } from './steps/sweep.ts';
import { allCases } from './steps/sweep-case.ts';

const FLEET = 'test/fleet/vitest.config.ts';
const FAST = 'test/vitest.config.ts';
const TESTS_MAX_MS = 10 * 60_000;

const { only, nodes, seed } = await readProofOptions('prove:steps');
const sections = new ProofSections(only);

const cases = allCases();
const picked = cases.filter(({ name }) => name.includes(only));
await sections.prove('a failure and a power cut at every step', () => playSweep(picked.length > 0 ? picked : cases), cases.map(({ name }) => name));

await sections.prove('clean sequence of kubeadm-upgrade', proveKubeadmSequence);
await sections.prove('clean sequence of k3s-upgrade', proveK3sSequence);

const PREFLIGHT = { files: ['test/fleet/preflight.fleet.test.ts'], timeoutMs: TESTS_MAX_MS };
await sections.prove('preflight: on the host itself', async () => await playTests(FLEET, PREFLIGHT));
await sections.prove('preflight: of a cluster', provePreflightOfCluster);

const CRASH = { files: ['test/fleet/watchdog.fleet.test.ts'], named: '5 s after its start', timeoutMs: TESTS_MAX_MS };
await sections.prove('a version that crashes 5 s after its start', async () => await playTests(FLEET, CRASH));

const SILENCE = { files: ['test/unit/agent/watchdog.test.ts', 'test/simulation/simulation.test.ts'], named: '40 minutes|takes the outage for its own failure', timeoutMs: TESTS_MAX_MS };
await sections.prove('40 minutes without a coordinator', async () => await playTests(FAST, SILENCE));

await sections.prove('kill while the agent upgrades itself', async () =>
  await withAgentStage(nodes, 'prove:steps', async (stage) => await proveAgents(stage, ['works', 'cannot start', 'cannot connect'], 'kill', seed)),
);

process.exitCode = sections.end();
