import { status, type ServiceError } from '@grpc/grpc-js';

/** Turns what gRPC and TLS say into a cause and a remedy that an admin can act on. */
export function explainFailure(error: ServiceError, address: string): { readonly why: string; readonly remedy: string } {
  const text = `${error.details} ${error.message}`;
  if (/not yet valid/i.test(text)) {
    return { why: 'a certificate is not yet valid: the clocks of this host and the coordinator disagree', remedy: 'set up time synchronisation on this host' };
  }
  if (/CERT_HAS_EXPIRED|certificate has expired|certificate expired/i.test(text)) {
    return { why: 'a certificate has expired', remedy: 'it renews itself when the enrollment address is reachable; else check the clocks' };
  }
  if (/self.signed certificate|unable to verify|unable to get.*issuer/i.test(text)) {
    return { why: `${address} shows a certificate of another CA`, remedy: 'check the address; if the fleet was made anew, enroll again with --force' };
  }
  if (error.code === status.PERMISSION_DENIED || error.code === status.UNAUTHENTICATED) {
    return explainRefusal(error.details);
  }
  if (error.code === status.UNIMPLEMENTED) {
    return { why: `${address} serves no agents: hosts enroll there`, remedy: 'agents use another port than enrolling hosts, 7443 and 7444 unless configured otherwise; mend `coordinator` in agent.yaml' };
  }
  if (error.code === status.UNAVAILABLE) {
    return { why: `${address} does not answer: ${error.details}`, remedy: 'check the network and that farrier-coordinator runs there' };
  }
  return { why: error.details || error.message, remedy: 'see the coordinator’s log' };
}

/** What the coordinator says to an agent that it does not serve: the cause, and after the last semicolon the remedy. */
export function explainRefusal(text: string): { readonly why: string; readonly remedy: string } {
  const [, why = text, remedy = 'ask an operator: `farrier node show NODE` says more'] = /^(.*); (.*)$/s.exec(text) ?? [];
  return { why, remedy };
}
