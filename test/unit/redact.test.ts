import { expect, test } from 'vitest';

import { redact, redactLine } from '../../shared/domain/redact.ts';

test.each([
  ['Authorization: Bearer abc.def.ghi, more', 'Authorization: [redacted]'],
  ['curl -H "authorization: Basic Zm9vOmJhcg=="', 'curl -H "authorization: [redacted]'],
  ['used bearer 0123456789abcdef here', 'used bearer [redacted] here'],
  ['get https://user:pa55@example.org/x failed', 'get https://[redacted]@example.org/x failed'],
  ['join with abcdef.0123456789abcdef now', 'join with [token] now'],
  ['token=hunter2 and K3S_TOKEN: "x1y2z3"', 'token=[redacted] and K3S_TOKEN: "[redacted]"'],
  ['password = verysecret;', 'password = [redacted];'],
  ['a\n-----BEGIN EC PRIVATE KEY-----\nMHc\nCAQ\n-----END EC PRIVATE KEY-----\nb', 'a [pem] b'],
  ['-----BEGIN PRIVATE KEY-----\nMHcCAQ cut off', '[pem]'],
  ['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln', '[token]'],
  ['red \u001b[31malert\u001b[0m\u0007 bell\u0000', 'red alert bell'],
  ['to\u0007ken=hunter2', 'token=[redacted]'],
  ['containerd.io 1.7.24-1 cannot be installed', 'containerd.io 1.7.24-1 cannot be installed'],
  ['opened with AGE-SECRET-KEY-1GFPYYSJZ, age-secret-key-pq-1xx and age1zvkyg2', 'opened with [age key], [age key] and age1zvkyg2'],
  ['k3s server --token K10abc --cluster-init', 'k3s server --token [redacted] --cluster-init'],
  ["--etcd-s3-secret-key=AbC/1 --etcd-s3-access-key 'AKIA1'", "--etcd-s3-secret-key=[redacted] --etcd-s3-access-key '[redacted]'"],
  ['AWS_SECRET_ACCESS_KEY=AbC/1', 'AWS_SECRET_ACCESS_KEY=[redacted]'],
  ["K3S_TOKEN='of two words' server", "K3S_TOKEN='[redacted]' server"],
  ['users: client-key-data: LS0tLS1CRUdJTg==', 'users: client-key-data: [redacted]'],
  ['kubeadm init phase upload-certs --certificate-key 5f3a9c', 'kubeadm init phase upload-certs --certificate-key [redacted]'],
  ['flag needs an argument: --token', 'flag needs an argument: --token'],
  ['--token-ttl 24h --v=5', '--token-ttl 24h --v=5'],
  ['right \u202eto left', 'right to left'],
])('%j', (text, clean) => {
  expect(redactLine(text)).toBe(clean);
});

test('at most 500 characters', () => {
  expect(redactLine('x '.repeat(1000)).length).toBe(500);
});

test('lines stay lines in a log, and redacting twice changes nothing', () => {
  const text = 'one\nAuthorization: Bearer abcdefgh\ntwo\n';
  expect(redact(text)).toBe('one\nAuthorization: [redacted]\ntwo\n');
  expect(redact(redact(text))).toBe(redact(text));
});
