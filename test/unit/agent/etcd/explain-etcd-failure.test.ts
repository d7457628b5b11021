import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';

import { explainEtcdFailure } from '../../../../agent/adapters/etcd/explain-etcd-failure.ts';

const NOW = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const valid = { file: '/pki/client.crt', validFromUnixMs: NOW - DAY_MS, validToUnixMs: NOW + DAY_MS };
const explain = (code: status, message: string, own = valid) => explainEtcdFailure({ code, message }, { endpoint: 'https://127.0.0.1:2379', own, nowUnixMs: NOW });

/** What etcd 3.4 to 3.6 say (api/v3rpc/rpctypes/error.go), and Kine (pkg/server). */
test.each([
  [status.FAILED_PRECONDITION, 'etcdserver: not leader', 'not-leader'],
  [status.FAILED_PRECONDITION, 'etcdserver: rpc not supported for learner', 'learner'],
  [status.UNAVAILABLE, 'etcdserver: rpc not supported for learner', 'learner'],
  [status.FAILED_PRECONDITION, 'etcdserver: bad leader transferee', 'refused'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'no-space'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'overloaded'],
  [status.DATA_LOSS, 'etcdserver: corrupt cluster', 'corrupt'],
  [status.DATA_LOSS, 'a word that no release has', 'corrupt'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'compacted'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision', 'future-revision'],
  [status.UNAVAILABLE, 'etcdserver: no leader', 'no-leader'],
  [status.UNAVAILABLE, 'etcdserver: leader changed', 'no-leader'],
  [status.UNAVAILABLE, 'etcdserver: unhealthy cluster', 'no-leader'],
  [status.UNAVAILABLE, 'etcdserver: request timed out', 'time-out'],
  [status.UNAVAILABLE, 'etcdserver: request timed out, possibly due to previous leader failure', 'no-leader'],
  [status.DEADLINE_EXCEEDED, 'Deadline exceeded after 10.000s', 'time-out'],
  [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'permission-denied'],
  [status.INVALID_ARGUMENT, 'etcdserver: user name is empty', 'permission-denied'],
  [status.UNAUTHENTICATED, 'etcdserver: invalid auth token', 'permission-denied'],
  [status.UNKNOWN, 'snapshot is not supported', 'unsupported'],
  [status.UNIMPLEMENTED, 'unknown service etcdserverpb.Maintenance', 'unsupported'],
  [status.UNAVAILABLE, 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:2379. Resolution note: ', 'unreachable'],
  [status.UNAVAILABLE, 'No connection established. Last error: Error: certificate has expired. Resolution note: ', 'server-certificate-expired'],
  [status.UNAVAILABLE, "Hostname/IP does not match certificate's altnames: IP: 127.0.0.1 is not in the cert's list: ", 'server-not-trusted'],
  [status.UNAVAILABLE, 'self-signed certificate in certificate chain', 'server-not-trusted'],
  [status.INTERNAL, 'Response message parsing error: a number in a snapshot has no end', 'refused'],
])('%i %s: %s', (code, message, expected) => {
  const explained = explain(code, message);
  expect(explained).toMatchObject({ ok: false, code: expected });
  expect(explained.message).toContain('https://127.0.0.1:2379');
});

describe('a connection that the member ends', () => {
  const HUNG_UP = 'read ECONNRESET';
  const ALERT = '408D6EFA8F7F0000:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/openssl/rec_layer_s3.c:918:SSL alert number 42\n';

  test.each([
    ['a certificate that holds', valid, 'unreachable', 'client-not-trusted'],
    ['one that has expired', { ...valid, validToUnixMs: NOW - 1 }, 'client-certificate-expired', 'client-certificate-expired'],
    ['one that is not valid yet', { ...valid, validFromUnixMs: NOW + 1 }, 'client-certificate-not-yet-valid', 'client-certificate-not-yet-valid'],
  ])('after %s', (_what, own, hungUp, alerted) => {
    expect(explain(status.UNAVAILABLE, HUNG_UP, own).code).toBe(hungUp);
    expect(explain(status.UNAVAILABLE, ALERT, own).code).toBe(alerted);
    // Nobody looked at it.
    expect(explain(status.UNAVAILABLE, 'connect ECONNREFUSED 127.0.0.1:2379', own).code).toBe('unreachable');
  });

  test('is told without what OpenSSL puts around it', () => {
    expect(explain(status.UNAVAILABLE, ALERT).message).toMatch(/\(alert bad certificate\)$/);
  });
});
