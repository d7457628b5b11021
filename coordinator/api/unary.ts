import { status, type handleUnaryCall, type ServerReadableStream, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';

import type { Logger } from '../../shared/ports/logger.ts';
import type { OperatorRole } from '../../shared/trust/identity-uri.ts';
import { isStoreFull } from '../ports/store-error.ts';
import { ApiError } from './api-error.ts';
import { mayActAs, type Who } from './who.ts';

export interface Gate {
  /** @throws ApiError where the caller is nobody who may speak here. */
  identify(call: AnyCall): Promise<Who>;
  audit(entry: { readonly who: Who; readonly action: string; readonly object: string; readonly result: string; readonly detail: string }): Promise<void>;
  readonly logger: Logger;
}

export type AnyCall = ServerUnaryCall<unknown, unknown> | ServerReadableStream<unknown, unknown> | ServerWritableStream<unknown, unknown>;

interface Rule<In, Out> {
  readonly role: OperatorRole;
  /** As the audit log names it; null for what only reads. */
  readonly action: string | null;
  /** What it is done to. */
  readonly object?: (request: In) => string;
  /** Why it is done, or with which settings. @param response null where it was not done */
  readonly detail?: (request: In, response: Out | null) => string;
}

interface Asked<Out> extends Pick<Rule<unknown, unknown>, 'role' | 'action'> {
  readonly object: string;
  readonly detail?: (response: Out | null) => string;
}

/** Wraps a handler: who asks, may they, do it, write it down, answer. A refusal is written down as well. */
export function unary<In, Out>(gate: Gate, rule: Rule<In, Out>, handle: (request: In, who: Who) => Promise<Out>): handleUnaryCall<In, Out> {
  return (call, callback) => {
    answer(gate, rule, handle, call).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(gate, error)),
    );
  };
}

async function answer<In, Out>(
  gate: Gate,
  rule: Rule<In, Out>,
  handle: (request: In, who: Who) => Promise<Out>,
  call: ServerUnaryCall<In, Out>,
): Promise<Out> {
  const who = await gate.identify(call);
  const { request } = call;
  const asked = { ...rule, object: rule.object?.(request) ?? '', detail: (response: Out | null) => rule.detail?.(request, response) ?? '' };
  return await audited(gate, who, asked, () => handle(request, who));
}

/** What was asked by somebody who was named: may they, do it, write it down. */
export async function audited<Out>(gate: Gate, who: Who, { role, action, object, detail }: Asked<Out>, handle: () => Promise<Out>): Promise<Out> {
  const record = async (result: string, response: Out | null = null): Promise<void> => {
    if (action !== null) await gate.audit({ who, action, object, result, detail: detail?.(response) ?? '' });
  };
  if (!mayActAs(who, role)) {
    await record('refused: role');
    throw new ApiError(status.PERMISSION_DENIED, `${who.name} is ${who.role}, and this needs ${role}; ask an admin: farrier operator create NAME --role ${role} --out FILE`);
  }
  const response = await handle().catch(async (error: unknown) => {
    const result = error instanceof ApiError ? `refused: ${error.message}` : 'failed';
    // Nothing was done: what the caller has to hear is why, not that the log has no room either.
    await record(result).catch((unwritten: unknown) => gate.logger.error('not in the audit log', { who: who.name, action, object, result, error: unwritten }));
    throw error;
  });
  await record('ok', response).catch((unwritten: unknown) => {
    gate.logger.error('done, but not in the audit log', { who: who.name, action, object, error: unwritten });
    throw new ApiError(status.INTERNAL, `this was done, but could not be written to the audit log${isStoreFull(unwritten) ? `: ${unwritten.message}; ${unwritten.remedy}` : ''}`);
  });
  return response;
}

export function toStatus(gate: Gate, error: unknown): { readonly code: status; readonly details: string } {
  if (error instanceof ApiError) return { code: error.code, details: error.message };
  if (isStoreFull(error)) return { code: status.RESOURCE_EXHAUSTED, details: `${error.message}; ${error.remedy}` };
  gate.logger.error('request failed', { error });
  return { code: status.INTERNAL, details: 'the coordinator failed to answer; its log says more' };
}
