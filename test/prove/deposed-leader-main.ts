// A leader that does not know that it is none any more: it commands the agent that connects with the epoch before the
// newest that the agent has seen. Started by deposed-leader.ts. Prints one JSON line for each answer of the agent.
// Arguments: data folder with the fleet's keys, fleet, node, plan file, which command is stale: assignment or permit.
import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';
import { CommandSigner } from '../../coordinator/runtime/command-signer.ts';
import { mutualTlsCredentials } from '../../coordinator/gateway/tls.ts';
import { toWire } from '../../coordinator/gateway/to-wire.ts';
import { openKeys } from '../../coordinator/trust/open-keys.ts';
import { emptyLedger } from '../../coordinator/core/ledger.ts';
import { DEFAULT_POLICY } from '../../shared/domain/policy.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import type { AgentMessage__Output, CoordinatorMessage, Hello__Output } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';
import { freezeFor } from '../support/freeze-for.ts';

const [dataFolder = '', fleet = '', node = '', planFile = '', stale = ''] = process.argv.slice(2);
const ROLLOUT = 'of-a-deposed-leader';

const opened = await openKeys(dataFolder, { fleet, serverNames: ['coordinator'], clock: systemClock, random: systemRandom });
if (!opened.ok) throw new Error(opened.message);
const parsed = parsePlan(readFileSync(planFile, 'utf8'), planFile);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
const { plan } = parsed;
const { keys } = opened;
const signer = new CommandSigner(keys.planKey, systemClock);
const frozen = freezeFor(plan, [[node]]);
const digest = Object.keys(frozen.sequences)[0] ?? '';

const server = new Server();
server.addService(farrier.AgentLink.service, { Session: serve });
await new Promise<void>((resolve, reject) => {
  server.bindAsync('0.0.0.0:7443', mutualTlsCredentials(keys), (error) => (error === null ? resolve() : reject(error)));
});
tell({ serving: true });

function serve(call: ServerDuplexStream<AgentMessage__Output, CoordinatorMessage>): void {
  let hello: Hello__Output | null = null;
  let generation = 0;
  const state = (isStale: boolean) => ({ fleet, policy: DEFAULT_POLICY, ledger: emptyLedger(), nodes: new Map(), nodeLogs: new Map(), rollouts: new Map(), epoch: Number(hello?.highestEpoch ?? 0) - (isStale ? 1 : 0) });
  call.on('error', () => undefined);
  call.on('data', (message: AgentMessage__Output) => {
    if (message.hello) {
      hello = message.hello;
      generation = Number(hello.highestGeneration) + 1;
      tell({ hello: { highestEpoch: Number(hello.highestEpoch), highestGeneration: generation - 1 } });
      call.write({ welcome: { journalId: hello.journalId, journalSequence: hello.journalSequence, heartbeatMs: 10_000, wallUnixMs: systemClock.wallUnixMs(), epoch: state(true).epoch } });
      const envelope = signer.assignment(state(stale === 'assignment'), { rollout: ROLLOUT, node, generation, frozen, target: { kind: 'sequence', digest } });
      call.write(toWire({ kind: 'assignment', envelope }));
    } else if (message.report) {
      const { kind, step } = message.report;
      tell({ report: kind });
      if (kind === 'RECORD_KIND_STAGE' && step === -1) call.write(toWire({ kind: 'permit-offer', rollout: ROLLOUT, generation }));
    } else if (message.permitRequest) {
      const { requestId } = message.permitRequest;
      call.write(toWire({ kind: 'permit', envelope: signer.permit(state(true), { rollout: ROLLOUT, node, generation, digest, requestId }) }));
    } else if (message.refusal) {
      tell({ refused: message.refusal.reason, detail: message.refusal.detail });
    }
  });
}

function tell(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
