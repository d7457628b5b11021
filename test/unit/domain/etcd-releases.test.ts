import { describe, expect, test } from 'vitest';

import { refuseEtcdVersion, removedSettings } from '../../../shared/domain/etcd-releases.ts';
import { parseRelease } from '../../../shared/domain/release.ts';

describe('I4: a cluster of etcd is brought', () => {
  test.each<[readonly string[], string, string]>([
    [['3.4.23', '3.4.23', '3.4.23'], '3.5.16', ''],
    [['3.5.16', '3.4.23', '3.4.23'], '3.5.16', ''],
    [['3.5.32', '3.5.40'], '3.6.11', ''],
    [['3.6.11', '3.5.32'], '3.6.12', ''],
    [['3.5.31', '3.5.32'], '3.6.11', 'm0 runs etcd 3.5.31; to 3.6 every member goes from 3.5.32 or newer: upgrade it to that first'],
    [['3.6.11', '3.6.10'], '3.7.0', 'm1 runs etcd 3.6.10; to 3.7 every member goes from 3.6.11 or newer: upgrade it to that first'],
    [['3.6.2', '3.6.2'], '3.6.11', ''],
    [['3.4.23'], '3.6.11', 'm0 runs etcd 3.4.23; etcd goes one minor at a time: bring every member to 3.5 first'],
    [['3.6.11'], '3.5.32', 'm0 runs etcd 3.6.11, which is newer than 3.5.32; etcd goes back by a minor only with `etcdctl downgrade`'],
    [['2.3.8'], '3.0.0', 'm0 runs etcd 2.3.8; to 3.0.0 nothing leads but a new cluster'],
    [['3.5.32', ''], '3.6.11', 'nobody knows which version m1 runs'],
  ])('from %j to %s: %s', (versions, to, refused) => {
    expect(refuseEtcdVersion(versions.map((version, index) => ({ name: `m${index}`, version })), parseRelease(to)!)).toBe(refused);
  });
});

describe('settings that are gone', () => {
  const told = (name: string, value: string, minor: number): readonly string[] => removedSettings(new Map([[name, { value, from: '/etc/default/etcd' }]]), minor);
  test.each<[string, string, number, string | null]>([
    ['debug', 'true', 4, null],
    ['debug', 'true', 5, 'debug in /etc/default/etcd: write log-level: debug'],
    ['logger', 'zap', 5, null],
    ['logger', 'capnslog', 6, 'logger=capnslog in /etc/default/etcd: write logger: zap'],
    ['enable-v2', 'true', 5, null],
    ['enable-v2', 'false', 6, 'enable-v2 in /etc/default/etcd: take it out; what was written through v2 has to be brought to v3 before'],
    ['proxy', 'on', 6, 'proxy in /etc/default/etcd: take it out; a proxy is `etcd grpc-proxy`'],
    ['proxy-dial-timeout', '1', 6, 'proxy-dial-timeout in /etc/default/etcd: take it out; a proxy is `etcd grpc-proxy`'],
    ['experimental-enable-v2v3', 'x', 6, 'experimental-enable-v2v3 in /etc/default/etcd: take it out'],
    ['experimental-initial-corrupt-check', 'true', 6, null],
    ['experimental-initial-corrupt-check', 'true', 7, 'experimental-initial-corrupt-check in /etc/default/etcd: give it its new name, or write its feature gate'],
    ['data-dir', '/var/lib/etcd', 7, null],
  ])('%s=%s for 3.%i', (name, value, minor, expected) => {
    expect(told(name, value, minor)).toEqual(expected === null ? [] : [expected]);
  });
});
