import { status, type ClientUnaryCall, type requestCallback, type ServiceError } from '@grpc/grpc-js';

import { failure, type Failure } from '../../shared/trust/failure.ts';
import { failureCodeOf } from '../../shared/wire/failure-status.ts';
import type { EnrollmentClient } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';
import { tlsChannel } from '../../shared/wire/tls-channel.ts';

const DEADLINE_MS = 30_000;

export type EnrollmentAnswer<Response> = { readonly ok: true; readonly response: Response } | Failure<'unreachable' | 'refused' | 'aborted'>;

/** One request to Enrollment, over TLS verified against this CA. A refusal brings the coordinator's own sentence along. */
export async function callEnrollment<Response>(
  address: string,
  caPem: string,
  request: (client: EnrollmentClient, options: { deadline: number }, done: requestCallback<Response>) => ClientUnaryCall,
  signal: AbortSignal,
): Promise<EnrollmentAnswer<Response>> {
  if (signal.aborted) return aborted();
  const { credentials, options } = tlsChannel(address, { caPem });
  const client = new farrier.Enrollment(address, credentials, options);
  let cancel = (): void => undefined;
  try {
    return await new Promise((resolve) => {
      // gRPC takes deadlines in wall time only.
      const call = request(client, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
        if (error !== null) resolve(signal.aborted ? aborted() : explain(address, error));
        else if (response === undefined) throw new Error('gRPC answered with neither a response nor an error');
        else resolve({ ok: true, response });
      });
      cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  } finally {
    signal.removeEventListener('abort', cancel);
    client.close();
  }
}

function aborted(): Failure<'aborted'> {
  return failure('aborted', 'the request was stopped; it may be repeated');
}

function explain(address: string, error: ServiceError): Failure<'unreachable' | 'refused'> {
  if (failureCodeOf(error) !== null) return failure('refused', `the coordinator refuses: ${error.details} (${failureCodeOf(error)})`);
  if (/not yet valid|expired/i.test(error.details)) {
    return failure('unreachable', `${address} shows a certificate that is not valid now (${error.details}); compare the clocks of this host and the coordinator`);
  }
  if (/altnames|Hostname\/IP/i.test(error.details)) {
    return failure('unreachable', `${address} is not a name of the coordinator's certificate (${error.details}); dial a name that it has, or add this one to \`advertise\` there`);
  }
  // Enrollment asks for no certificate: a host has none yet.
  if (/certificate required|handshake failure|bad certificate/i.test(error.details)) {
    return failure('unreachable', `${address} asks for a certificate: agents and operators use that port, hosts enroll at another one. They are 7443 and 7444 unless configured otherwise; \`farrier token create\` prints the right one`);
  }
  if (error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED) {
    return failure('unreachable', `${address} cannot be reached: ${error.details}; check the network and that farrier-coordinator runs there`);
  }
  return failure('refused', `the coordinator answers: ${error.details}`);
}
