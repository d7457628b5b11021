import type { RefusalLog } from '../api/refusal-log.ts';
import type { AuthenticationRefusal } from '../trust/authenticate-certificate.ts';
import type { AuthenticatedCall, Authenticator } from './authenticate.ts';

/** Writes down each refusal of somebody whom our CA once certified. Who has no certificate of ours names nobody. */
export function auditingAuthenticator(inner: Authenticator, refusals: RefusalLog): Authenticator {
  const audited = async <A extends { readonly ok: true } | AuthenticationRefusal>(call: AuthenticatedCall, answering: Promise<A>): Promise<A> => {
    const answer = await answering;
    if (!answer.ok) await record(refusals, call.getPath(), answer);
    return answer;
  };
  return {
    node: async (call) => await audited(call, inner.node(call)),
    operator: async (call) => await audited(call, inner.operator(call)),
    any: async (call) => await audited(call, inner.any(call)),
  };
}

async function record(refusals: RefusalLog, path: string, { code, who }: AuthenticationRefusal): Promise<void> {
  if (who === null) return;
  const [name, role] = who.kind === 'node' ? [`node/${who.name}`, 'node'] : [who.name, who.role];
  await refusals.record({ who: name, role, action: 'authenticate', object: path.replace(/^\/farrier\.v1\./, ''), result: `refused: ${code}` });
}

/** Somebody may speak in the coordinator's name, or again what it said before. */
const SUSPECT: readonly string[] = ['signature-invalid', 'permit-replayed', 'wrong-node', 'epoch-stale'];

/** What an agent did not take, where that is no matter of timing. */
export async function auditAgentRefusal(refusals: RefusalLog, node: string, code: string): Promise<void> {
  if (SUSPECT.includes(code)) await refusals.record({ who: `node/${node}`, role: 'node', action: 'take a command', object: `node/${node}`, result: `refused: ${code}` });
}
