import { parsePolicy } from '../../shared/plan/parse-policy.ts';
import type { FleetHandlers } from '../../shared/wire/messages.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import { POLICY_RECORD } from '../runtime/streams.ts';
import { refused } from './api-error.ts';
import { type Gate, unary } from './unary.ts';

interface PolicyValue {
  readonly yaml: string;
}

export function policyHandlers(
  gate: Gate,
  parts: { readonly state: FleetState; readonly store: EventStore; readonly controller: Controller },
): Pick<FleetHandlers, 'GetPolicy' | 'PutPolicy'> {
  const { state, store, controller } = parts;
  return {
    GetPolicy: unary(gate, { role: 'viewer', action: null }, async () => {
      const record = await store.getRecord(POLICY_RECORD);
      return { yaml: record === null ? '' : (record.value as PolicyValue).yaml, version: state.policy.version };
    }),

    PutPolicy: unary(gate, { role: 'admin', action: 'policy set', detail: (_, response) => (response === null ? '' : describePut(Number(response.version))) }, async ({ yaml, file, expectedVersion }) => {
      const version = state.policy.version + 1;
      const parsed = parsePolicy(yaml, file, version);
      if (!parsed.ok) return { version: 0, diagnostics: [...parsed.diagnostics] };
      await controller.command(async () => {
        const held = await store.getRecord(POLICY_RECORD);
        if (expectedVersion !== state.policy.version) {
          throw refused(`the policy is at version ${state.policy.version}, not ${expectedVersion}: somebody changed it; read it again with \`farrier policy get\``);
        }
        const put = await store.putRecord(POLICY_RECORD, { yaml, policy: parsed.policy }, held?.revision ?? 0);
        if (!put.ok) throw refused('the policy was changed at the same instant: read it again with `farrier policy get`');
        state.policy = parsed.policy;
      });
      return { version, diagnostics: [] };
    }),
  };
}

function describePut(version: number): string {
  return version === 0 ? 'not set, it has mistakes' : `version ${version}`;
}
