import type { CertificateFacts, HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, k3sOf, kubeadmOf, warning } from './rule.ts';

const DAY_MS = 86_400_000;
/** An upgrade that is held over a weekend and a holiday must still be able to go on. */
const SOON_DAYS = 14;

/** Nothing in a cluster talks to a host whose certificates are over, kubeadm included. */
export function certificates(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind === 'kubelet') return [];
  return certificatesOf(facts, target).flatMap(({ path, notAfterUnixMs }) => {
    const days = Math.floor((notAfterUnixMs - target.nowUnixMs) / DAY_MS);
    const ends = new Date(notAfterUnixMs).toISOString().slice(0, 10);
    const remedy = remedyOf(path, target);
    if (days < 0) return [error('certificate-expired', path, `${path} expired on ${ends}: ${remedy}`)];
    return days < SOON_DAYS ? [warning('certificate-expires-soon', path, `${path} expires on ${ends}, in ${days === 1 ? '1 day' : `${days} days`}: ${remedy}`)] : [];
  });
}

/** K3s renews all others by itself as it starts: https://docs.k3s.io/cli/certificate. */
function certificatesOf(facts: HostFacts, target: PreflightTarget): readonly CertificateFacts[] {
  if (target.kind === 'k3s') return k3sOf(facts)?.certificates.filter(({ path }) => isAuthority(path)) ?? [];
  return kubeadmOf(facts)?.certificates ?? [];
}

function isAuthority(path: string): boolean {
  return /(^|[/-])ca\.crt$/.test(path);
}

function remedyOf(path: string, { kind }: PreflightTarget): string {
  if (kind === 'k3s') return 'renew it with k3s certificate rotate-ca first';
  if (isAuthority(path)) return 'nothing renews a certificate authority by itself: replace it by hand first';
  if (path.startsWith('/var/lib/kubelet/')) return 'the kubelet renews it while it reaches the API server; see journalctl -u kubelet, else join the node anew';
  return 'renew it with kubeadm certs renew first';
}
