// Many agents in one process: enrolls them, then holds their mTLS sessions with the agent's own link code until SIGTERM.
// Says on stdout, a line each, when all are enrolled and when all are connected; connects on SIGUSR2. Started by bench.ts:
//   agent-load.ts AGENTS ENROLL_ADDRESS LINK_ADDRESS TOKEN CA_HASH
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { callEnrollment } from '../../agent/identity/call-enrollment.ts';
import { probeCa } from '../../agent/identity/probe-ca.ts';
import { serveSession } from '../../agent/link/session.ts';
import type { SessionHost, SessionTarget } from '../../agent/link/session.ts';
import { createCsr, generateCertificateKey } from '../../shared/trust/create-csr.ts';
import type { EnrollResponse__Output } from '../../shared/wire/messages.ts';

/** Thousands of handshakes at once end in resets; agents spread themselves the same way. */
const CONNECTS_PER_S = 80;
const ENROLLS_AT_ONCE = 8;

const [agentsText = '', enrollAddress = '', linkAddress = '', token = '', caHash = ''] = process.argv.slice(2);
const names = Array.from({ length: Number(agentsText) }, (_none, index) => `bench-${index}`);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const ca = await probeCa(enrollAddress, caHash, stop.signal);
if (!ca.ok) throw new Error(ca.message);
const enrollStartedMs = performance.now();
const targets = new Map<string, SessionTarget>();
const queue = [...names];
await Promise.all(Array.from({ length: ENROLLS_AT_ONCE }, enrollSome));
const mayConnect = new Promise<void>((resolve) => {
  // A signal handler alone keeps no process alive.
  const alive = setInterval(() => undefined, 60_000);
  process.once('SIGUSR2', () => {
    clearInterval(alive);
    resolve();
  });
});
console.log(JSON.stringify({ enrolled: targets.size, elapsedMs: Math.round(performance.now() - enrollStartedMs) }));

await mayConnect;
let open = 0;
let ends = 0;
const connectStartedMs = performance.now();
const sessions = [...targets].map(async ([name, target], index) => {
  await sleep((index * 1000) / CONNECTS_PER_S);
  while (!stop.signal.aborted) {
    const end = await serveSession(target, hostOf(name), stop.signal);
    if (stop.signal.aborted) return;
    ends += 1;
    console.log(JSON.stringify({ ended: name, why: end.why, ends }));
    await sleep(1000);
  }
});
await Promise.all(sessions);
process.exit();

async function enrollSome(): Promise<void> {
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const keyPem = generateCertificateKey();
    const request = { token, node: name, csrPem: createCsr(name, keyPem), machineId: randomBytes(16).toString('hex') };
    const answer = await callEnrollment<EnrollResponse__Output>(enrollAddress, ca.ok ? ca.caPem : '', (client, options, done) => client.Enroll(request, options, done), stop.signal);
    if (!answer.ok) throw new Error(`${name}: ${answer.message}`);
    const { caPem, certificatePem } = answer.response;
    targets.set(name, { address: linkAddress, caPem: Buffer.from(caPem), keyPem: Buffer.from(keyPem), certificatePem: Buffer.from(certificatePem) });
  }
}

/** A host with an empty journal, which does nothing but live. */
function hostOf(name: string): SessionHost {
  const journalId = randomUUID();
  return {
    hello: () => ({
      agentVersion: '0.0.0', bootId: randomUUID(), machineId: randomBytes(16).toString('hex'), osRelease: 'Debian GNU/Linux 12 (bookworm)', kernel: '6.1.0', architecture: 'amd64',
      journalId, journalSequence: 0, highestGeneration: 0, highestEpoch: 0, trustVersion: 0, stepKinds: ['packages', 'service'], wallUnixMs: Date.now(), activeGeneration: 0,
    }),
    opened: () => {
      open += 1;
      if (open === names.length) console.log(JSON.stringify({ connected: open, elapsedMs: Math.round(performance.now() - connectStartedMs), last: name }));
    },
    heartbeat: () => ({ monotonicMs: Math.round(performance.now()), load1: 0.5, memoryAvailableBytes: 2 ** 31, diskAvailableBytes: 2 ** 34, activeGeneration: 0 }),
    journal: () => ({ journalId, records: [] }),
    onJournalGrowth: () => () => undefined,
    onFactsChange: () => () => undefined,
    received: () => Promise.resolve(),
  };
}
