import { Server, status, type sendUnaryData } from '@grpc/grpc-js';

import type { LogFields, Logger } from '../../shared/ports/logger.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { failureStatus } from '../../shared/wire/failure-status.ts';
import type { EnrollmentHandlers } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';
import { isStoreFull } from '../ports/store-error.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { enrollNode, type EnrollmentCode, type EnrollmentParts } from './enroll-node.ts';
import { renewNode, type RenewalCode } from './renew-node.ts';
import { serverTlsCredentials } from './tls.ts';

/** A token, a name, two PEM blocks: anything larger is not meant well. */
const MESSAGE_MAX_BYTES = 65_536;

/** Beyond this many waiting requests a host is told to come back; these are some ten seconds of work, and hosts wait thirty. */
const WAITING_MAX = 1_000;

const STATUS: Readonly<Record<EnrollmentCode | RenewalCode, status>> = {
  'name-invalid': status.INVALID_ARGUMENT,
  'machine-id-invalid': status.INVALID_ARGUMENT,
  'csr-invalid': status.INVALID_ARGUMENT,
  'token-malformed': status.INVALID_ARGUMENT,
  'token-unknown': status.UNAUTHENTICATED,
  'token-expired': status.UNAUTHENTICATED,
  'token-used-up': status.UNAUTHENTICATED,
  'token-name-mismatch': status.PERMISSION_DENIED,
  'another-pending': status.FAILED_PRECONDITION,
  'certificate-unreadable': status.INVALID_ARGUMENT,
  'certificate-foreign': status.UNAUTHENTICATED,
  'identity-missing': status.UNAUTHENTICATED,
  'wrong-kind': status.PERMISSION_DENIED,
  'wrong-fleet': status.PERMISSION_DENIED,
  'grace-over': status.UNAUTHENTICATED,
  'certificate-revoked': status.UNAUTHENTICATED,
  'proof-invalid': status.UNAUTHENTICATED,
  'node-unknown': status.UNAUTHENTICATED,
  'certificate-superseded': status.UNAUTHENTICATED,
};

function enrollmentHandlers(parts: EnrollmentParts, logger: Logger): EnrollmentHandlers {
  const claims = new SerialQueue();
  let waiting = 0;
  const answer = <Response>(callback: sendUnaryData<Response>, fields: LogFields, work: () => Promise<Outcome<Response>>): void => {
    if (waiting >= WAITING_MAX) {
      callback({ code: status.UNAVAILABLE, details: 'the coordinator has too many enrollments waiting; try again in a minute' });
      return;
    }
    waiting += 1;
    void respond(work(), logger, callback, fields).finally(() => {
      waiting -= 1;
    });
  };
  return {
    Enroll: (call, callback) => answer(callback, { request: 'enroll', node: call.request.node }, () => enrollNode(parts, call.request, claims)),
    Renew: (call, callback) => answer(callback, { request: 'renew' }, () => renewNode(parts, call.request)),
  };
}

/** Serves Enrollment on a port of its own, where no client certificate is asked for. @param address host:port; port 0 takes a free one. */
export async function serveEnrollment(address: string, parts: EnrollmentParts, logger: Logger): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_MAX_BYTES });
  server.addService(farrier.Enrollment.service, enrollmentHandlers(parts, logger));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, serverTlsCredentials(parts.keys), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { server, port };
}

type Outcome<Response> = { readonly ok: true; readonly response: Response } | Failure<EnrollmentCode | RenewalCode>;

async function respond<Response>(work: Promise<Outcome<Response>>, logger: Logger, callback: sendUnaryData<Response>, fields: LogFields): Promise<void> {
  try {
    const outcome = await work;
    if (outcome.ok) {
      logger.info('request answered', fields);
      callback(null, outcome.response);
    } else {
      logger.warn('request refused', { ...fields, code: outcome.code, why: outcome.message });
      callback(failureStatus(outcome, STATUS[outcome.code]));
    }
  } catch (error) {
    logger.error('request failed', { ...fields, error });
    const refusal = isStoreFull(error)
      ? failure(error.code, `${error.message}; ${error.remedy}, then repeat the request: a token's use that was taken is not taken twice`)
      : failure('store-failed', 'the coordinator could not write to its store; its log says more, and the request may be repeated');
    callback(failureStatus(refusal, status.UNAVAILABLE));
  }
}
