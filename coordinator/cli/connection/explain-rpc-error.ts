import { status, type ServiceError } from '@grpc/grpc-js';

import { CliError } from '../cli-error.ts';
import { plainText } from '../print/plain-text.ts';
import type { Destination } from './find-connection.ts';

/** Turns what gRPC, TLS and the socket say into a cause and a remedy. */
export function explainRpcError(error: ServiceError, destination: Destination): CliError {
  const details = plainText(error.details || error.message);
  const where = describe(destination);
  switch (error.code) {
    case status.UNAVAILABLE:
      return destination.kind === 'socket' ? ofSocket(details, destination.path) : ofServer(details, where);
    case status.DEADLINE_EXCEEDED:
      return new CliError('not-reachable', `${where} did not answer in time`, 'look at its load and log: journalctl -u farrier-coordinator');
    case status.UNAUTHENTICATED:
      return new CliError('certificate-refused', `${where} does not accept this operator: ${details}`, 'ask an admin for another file: farrier operator create NAME --role ROLE --out FILE');
    case status.PERMISSION_DENIED:
      return refusal('not-allowed', details, 'ask an admin for the role that this needs');
    case status.NOT_FOUND:
      return refusal('not-found', details, 'check the name');
    case status.FAILED_PRECONDITION:
    case status.ABORTED:
    case status.INVALID_ARGUMENT:
    case status.ALREADY_EXISTS:
    case status.OUT_OF_RANGE:
    case status.RESOURCE_EXHAUSTED:
      return new CliError('refused', details, 'nothing was changed');
    case status.UNIMPLEMENTED:
      return destination.kind === 'socket'
        ? new CliError('refused', `${where} does not know this command: it is older than this program`, 'upgrade the coordinator first')
        : new CliError('refused', `${where} does not know this command: hosts enroll there, or it is older than this program`, `operators use another port than enrolling hosts, 7443 and 7444 unless configured otherwise (the operator file names ${destination.operator.server}); if the port is right, upgrade the coordinator first`);
    default:
      return new CliError('coordinator-failed', `${where} failed: ${details}`, 'look at its log: journalctl -u farrier-coordinator');
  }
}

/** The coordinator's own remedy stands after the last semicolon; a second one beside it would only be read first. */
function refusal(code: 'not-allowed' | 'not-found', details: string, otherwise: string): CliError {
  const [, cause = details, remedy = otherwise] = /^(.*); (.*)$/.exec(details) ?? [];
  return new CliError(code, cause, remedy);
}

export function describe(destination: Destination): string {
  return destination.kind === 'socket' ? `the coordinator at ${destination.path}` : `the coordinator at ${destination.address}`;
}

function ofSocket(details: string, path: string): CliError {
  if (/EACCES|EPERM/.test(details)) return new CliError('no-permission', `${path} is for root only`, 'run this with sudo, or use an operator file: --operator FILE');
  return new CliError('not-reachable', `nobody listens on ${path} (${shortCause(details)})`, 'start the coordinator: systemctl start farrier-coordinator');
}

function ofServer(details: string, where: string): CliError {
  if (/not yet valid/i.test(details)) return new CliError('certificate-refused', `${where} shows a certificate that is not yet valid: the clocks disagree`, 'set up time synchronisation on this machine and on the coordinator’s');
  if (/self.signed|unable to (verify|get)|issuer|signature failure/i.test(details)) return new CliError('certificate-refused', `${where} shows a certificate of another CA than the operator file's`, 'check the address; if the fleet was made anew, an admin has to make another operator file');
  if (/altnames|does not match/i.test(details)) return new CliError('certificate-refused', `the certificate of ${where} is for another name`, 'use the name that the coordinator advertises: farrier --server NAME:PORT');
  if (/expired/i.test(details)) return new CliError('certificate-refused', `a certificate has expired on the way to ${where}`, 'check the clocks; the coordinator renews its own at its start');
  // In TLS 1.3 a client learns only afterwards that its certificate was refused; gRPC then says no more than this.
  if (/alert|certificate required|bad certificate|ECONNRESET|socket hang up|EPROTO|Failed to connect/i.test(details)) return new CliError('certificate-refused', `${where} ended the connection (${shortCause(details)}): it refuses this certificate, or something else listens there`, 'check the address and port; an admin can make another operator file');
  return new CliError('not-reachable', `${where} does not answer (${shortCause(details)})`, 'check the address, the network, and that farrier-coordinator runs there');
}

/** `ECONNREFUSED` out of `No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: `. */
function shortCause(details: string): string {
  const known: Readonly<Record<string, string>> = { ECONNREFUSED: 'connection refused', ENOTFOUND: 'the name is unknown', EAI_AGAIN: 'the name cannot be resolved now', ETIMEDOUT: 'no answer', EHOSTUNREACH: 'no route', ENETUNREACH: 'no network', ENOENT: 'no such socket', ECONNRESET: 'connection reset' };
  const code = Object.keys(known).find((each) => details.includes(each));
  return (code === undefined ? undefined : known[code]) ?? (details.replace(/^.*Last error: /, '').replace(/\.? Resolution note:.*$/, '') || 'no cause given').replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/, '');
}
