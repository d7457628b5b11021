import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import type { EtcdPlace } from '../../../agent/ports/etcd.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { issueEtcdClient, makeEtcdPki, type ServerOrder } from '../../support/etcd-pki.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcd } from '../../support/etcd-server.ts';

const never = new AbortController().signal;
const EXPIRED = { days: -1 / 86_400 };
const FUTURE = { fromDays: 1 };
const PERSON_READS = /^[^\n]{20,300}$/;

// Go words its refusals of a certificate differently from release to release.
describe.each(['bookworm', 'trixie'] as const)('etcd of Debian %s', async (suite) => {
  const programs = await etcdProgramsOrSayWhy(suite, `how certificates of etcd of Debian ${suite} are judged`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const etcd = await startEtcd(programs);
  afterAll(() => etcd.dispose());
  const { pki } = etcd;
  const asks = (change: Partial<EtcdPlace>) => grpcEtcdMember({ ...etcd.place, ...change }, systemClock).status(never);

  test.each([
    ['our certificate has expired', 'client-certificate-expired', () => issueEtcdClient(pki.folder, 'expired', pki.ca, EXPIRED)],
    ['our certificate is not valid yet', 'client-certificate-not-yet-valid', () => issueEtcdClient(pki.folder, 'future', pki.ca, FUTURE)],
    ['our certificate is of another authority', 'client-not-trusted', async () => issueEtcdClient(pki.folder, 'alien', (await makeEtcdPki(join(pki.folder, 'other'))).ca)],
    ['we trust another authority', 'server-not-trusted', async () => ({ caFile: (await makeEtcdPki(join(pki.folder, 'another'))).caFile })],
    ['a file is not there', 'certificate-unreadable', async () => ({ caFile: join(pki.folder, 'nothing') })],
    ['a file holds something else', 'certificate-unreadable', async () => ({ keyFile: pki.caFile })],
    ['a key belongs to another certificate', 'certificate-unreadable', async () => ({ keyFile: pki.serverKeyFile })],
    ['nobody listens', 'unreachable', async () => ({ endpoint: 'https://127.0.0.1:1' })],
  ] as const)('%s: %s', async (_what, code, change) => {
    const answer = await asks(await change());
    expect(answer).toMatchObject({ ok: false, code });
    expect(answer.ok ? '' : answer.message).toMatch(PERSON_READS);
  });

  test('renewed certificates are read by the next call', async () => {
    const own = await issueEtcdClient(pki.folder, 'own', pki.ca, EXPIRED);
    const member = grpcEtcdMember({ ...etcd.place, ...own }, systemClock);
    expect(await member.status(never)).toMatchObject({ ok: false, code: 'client-certificate-expired' });
    const renewed = await issueEtcdClient(pki.folder, 'renewed', pki.ca);
    copyFileSync(renewed.certificateFile, own.certificateFile);
    copyFileSync(renewed.keyFile, own.keyFile);
    expect(await member.status(never)).toMatchObject({ ok: true });
  });
});

const programs = await etcdProgramsOrSayWhy('trixie', 'how the certificate of a member is judged');

test.skipIf(programs === null).each([
  ['server-certificate-expired', EXPIRED],
  ['server-certificate-not-yet-valid', FUTURE],
  ['server-not-trusted', { names: ['etcd.example'] }],
] as const satisfies readonly (readonly [string, ServerOrder])[])('the certificate of the member: %s', async (code, order) => {
  if (programs === null) return;
  const member = await startEtcd(programs, { server: order });
  try {
    const answer = await grpcEtcdMember(member.place, systemClock).status(never);
    expect(answer).toMatchObject({ ok: false, code });
    expect(answer.ok ? '' : answer.message).toMatch(PERSON_READS);
  } finally {
    await member.dispose();
  }
});
