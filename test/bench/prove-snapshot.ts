// Proves one snapshot of etcd, as the agent does, and says how long each phase took: a process of its own, to be measured or killed.
//   prove-snapshot.ts ORDER_JSON     with record, path, toolsFolder and scratchFolder
import { grpcEtcdSocket } from '../../agent/adapters/etcd/grpc-etcd-socket.ts';
import { hostScratchPrograms } from '../../agent/adapters/scratch-programs/host-scratch-programs.ts';
import { proveSnapshot } from '../../agent/snapshots/prove/prove-snapshot.ts';
import type { ProofOrder } from '../../agent/snapshots/prove/proof-order.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';

const [order = '{}'] = process.argv.slice(2);
const given = JSON.parse(order) as Pick<ProofOrder, 'record' | 'path' | 'toolsFolder' | 'scratchFolder'>;
const proof = await proveSnapshot({
  ...given, identities: [], programs: hostScratchPrograms(), memberAt: (socket) => grpcEtcdSocket(socket, systemClock), prover: { fleet: 'demo', node: 'worker-1' }, maxMs: 600_000, clock: systemClock,
  onPhase: (phase) => console.log(phase),
}, new AbortController().signal);
console.log(JSON.stringify(proof));
process.exitCode = proof.ok ? 0 : 1;
