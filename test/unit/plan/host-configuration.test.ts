import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

function read(name: string) {
  return parsePlan(readFileSync(new URL(`../../support/plans/${name}.yaml`, import.meta.url), 'utf8'), 'host.yaml');
}

test('steps that configure a host, and a restart after them with its guard before them', () => {
  const parsed = read('host-configuration');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  expect(parsed.warnings).toEqual([]);
  const { steps } = parsed.plan;
  expect(steps.map(({ name }) => name)).toEqual(['guard-containerd.service', 'modules-kubernetes', 'sysctl-kubernetes', 'files', 'hook-warm-cache', 'restart-containerd.service']);
  expect(steps.slice(1, 5)).toEqual([
    { kind: 'modules', name: 'modules-kubernetes', timeoutMs: 60_000, config: 'kubernetes', modules: ['overlay', 'br_netfilter'], onDrift: 'refuse' },
    {
      ...{ kind: 'sysctl', name: 'sysctl-kubernetes', timeoutMs: 60_000, config: 'kubernetes', onDrift: 'refuse' },
      settings: [
        { key: 'net.bridge.bridge-nf-call-iptables', value: '1' },
        { key: 'net.ipv4.conf.enp3s0/200.rp_filter', value: '2' },
        { key: 'net.ipv4.ip_forward', value: '1' },
      ],
    },
    {
      ...{ kind: 'files', name: 'files', timeoutMs: 60_000, onDrift: 'overwrite' },
      files: [
        { path: '/etc/containerd/certs.d/registry.example.net/hosts.toml', state: 'present', contentBase64: Buffer.from('server = "https://registry.example.net"\n').toString('base64'), mode: 0o644, owner: 'root', group: 'root' },
        { path: '/etc/crictl.yaml', state: 'present', contentBase64: Buffer.from('runtime-endpoint: unix:///run/containerd/containerd.sock\n').toString('base64'), mode: 0o600, owner: 'root', group: 'adm' },
        { path: '/etc/containerd/old.toml', state: 'absent' },
      ],
    },
    { kind: 'hook', name: 'hook-warm-cache', timeoutMs: 600_000, hook: 'warm-cache', args: ['--site', 'berlin'], reversible: false },
  ]);
});

test('every mistake is told at once, where it stands', async () => {
  const parsed = read('host-configuration-mistakes');
  if (parsed.ok) throw new Error('accepted');
  await expect(`${parsed.diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)} [${diagnostic.code}]`).join('\n')}\n`).toMatchFileSnapshot('host-configuration-mistakes.txt');
});

test.each<[string, number, boolean]>([['one file', 1, true], ['a little too much', 1.01, false]])('the size of a file has a limit: %s', (_name, share, ok) => {
  const content = 'a'.repeat(Math.floor(share * 256 * 1024));
  const plan = { apiVersion: 'farrier/v1', kind: 'Plan', metadata: { name: 'p' }, spec: { steps: [{ files: { manage: [{ path: '/etc/a', content }] } }] } };
  expect(parsePlan(JSON.stringify(plan), 'f').ok).toBe(ok);
});
