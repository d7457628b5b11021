import type { KubeadmCertsRenew } from '../domain/procedure.ts';
import { composeSteps } from './compose-steps.ts';
import { type ComposedStep, type Hop, oneHop, type ProcedureNode } from './composition.ts';

const DAY_MS = 86_400_000;
/** Certificates and kubeconfigs that kubeadm renews; it never renews an authority, and the kubelet renews its own. */
const RENEWED = /^\/etc\/kubernetes\/(?:pki\/(?!.*ca\.crt$).*\.crt|[a-z-]+\.conf)$/;

/** @param nowUnixMs wall clock: certificates end by it. */
export function planKubeadmCertsRenew(procedure: KubeadmCertsRenew, nodes: readonly ProcedureNode[], nowUnixMs: number): readonly Hop[] {
  return oneHop(nodes, (node) => compose(procedure, node, nowUnixMs));
}

function compose({ renew, whenUnderDays }: KubeadmCertsRenew, { facts }: ProcedureNode, nowUnixMs: number): readonly ComposedStep[] {
  const kubernetes = facts?.kubernetes;
  if (facts !== null && (kubernetes?.kind !== 'kubeadm' || kubernetes.role !== 'control-plane')) return [];
  const certificates = kubernetes?.certificates.filter(({ path }) => RENEWED.test(path)) ?? [];
  const [first] = certificates.toSorted((a, b) => a.notAfterUnixMs - b.notAfterUnixMs);
  const daysLeft = first === undefined ? null : Math.floor((first.notAfterUnixMs - nowUnixMs) / DAY_MS);
  if (daysLeft !== null && daysLeft >= whenUnderDays) return [];
  const because = first === undefined ? 'nobody tells when its certificates end' : `${first.path} ends in ${daysLeft} days`;
  return composeSteps([{ name: 'kubeadm-certs', kubeadmCerts: { renew: renew.length === 0 ? 'all' : [...renew], whenUnderDays }, because }]);
}
