import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { enroll, type EnrollOrder } from '../../../agent/identity/enroll.ts';
import { loadIdentity } from '../../../agent/identity/load-identity.ts';
import { renew } from '../../../agent/identity/renew.ts';
import { loadTrust, storeTrust } from '../../../agent/identity/trust-store.ts';
import { serveEnrollment } from '../../../coordinator/gateway/enrollment-service.ts';
import { renewNode } from '../../../coordinator/gateway/renew-node.ts';
import { approveNode, getEnrolledNode, rejectPendingNode, removeNode } from '../../../coordinator/trust/node-registry.ts';
import { revoke } from '../../../coordinator/trust/revocations.ts';
import { publishTrust } from '../../../coordinator/trust/trust-publisher.ts';
import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import { signRenewal } from '../../../shared/trust/renew-proof.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { testFleet, type TestFleet } from '../../support/test-fleet.ts';

const DAY_MS = 86_400_000;
const forever = new AbortController().signal;
const wrongHash = `sha256:${'0'.repeat(64)}`;

let fleet: TestFleet;
let served: Awaited<ReturnType<typeof serveEnrollment>>;
let order: EnrollOrder;

beforeEach(async () => {
  fleet = await testFleet();
  served = await serveEnrollment('127.0.0.1:0', fleet.parts, silentLogger);
  order = await host('one');
});

afterEach(async () => {
  served.server.forceShutdown();
  await fleet[Symbol.asyncDispose]();
});

async function host(stateDir: string, more: Partial<EnrollOrder> = {}): Promise<EnrollOrder> {
  return {
    enrollAddress: `127.0.0.1:${served.port}`,
    token: await fleet.token({ labels: { tier: 'web' }, cluster: 'c1', zone: 'z1', site: 's1' }),
    caHash: fleet.keys.ca.hash,
    name: 'web1',
    machineId: 'ab'.repeat(16),
    stateDir: join(fleet.folder, stateDir),
    force: false,
    clock: fleet.clock,
    ...more,
  };
}

/** The last byte of a certificate belongs to its signature. */
function tampered(pem: string): string {
  const der = Buffer.from(new X509Certificate(pem).raw);
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

async function mustEnroll(wanted: EnrollOrder): Promise<void> {
  const outcome = await enroll(wanted, forever);
  if (!outcome.ok) throw new Error(outcome.message);
}

async function identityOf(stateDir: string) {
  const loaded = await loadIdentity(stateDir);
  if (!loaded.ok) throw new Error(loaded.message);
  return loaded.identity;
}

test('a host with a token becomes a node: labels from the token, everything in one folder that only root reads', async () => {
  expect(await enroll(order, forever)).toEqual({ ok: true, fleet: 'prod', node: 'web1', linkAddress: 'localhost:7443', awaitsApproval: false });
  const identity = await identityOf(order.stateDir);
  expect(identity).toMatchObject({ fleet: 'prod', node: 'web1', caHash: order.caHash, enrollAddress: order.enrollAddress });
  expect(identity.notAfterUnixMs - fleet.clock.wallUnixMs()).toBeGreaterThan(29 * DAY_MS);
  expect(await loadTrust(order.stateDir, identity)).toMatchObject({ ok: true, document: { version: 1, planKeys: [{ keyid: fleet.keys.planKey.keyid }] } });
  for (const file of await readdir(join(order.stateDir, 'identity'))) {
    expect((await stat(join(order.stateDir, 'identity', file))).mode & 0o777).toBe(0o600);
  }
  expect((await readdir(order.stateDir)).filter((name) => name.startsWith('identity-'))).toHaveLength(1);
  expect(await getEnrolledNode(fleet.store, 'web1')).toMatchObject({ name: 'web1', approved: true, labels: { tier: 'web' }, cluster: 'c1', zone: 'z1', site: 's1', pending: null });
  expect((await fleet.audit.list(10)).entries).toMatchObject([{ action: 'enroll', object: 'node/web1' }]);
});

describe('refused, and nothing is written', () => {
  const cases: readonly (readonly [string, string, () => Promise<Partial<EnrollOrder>>])[] = [
    ['an expired token', 'token-expired', async () => {
      const token = await fleet.token({ ttlMs: 1_000 });
      fleet.clock.advance(1_000);
      return { token };
    }],
    ['a token that was used up', 'token-used-up', async () => {
      const token = await fleet.token();
      expect((await enroll(await host('two', { token, name: 'web2' }), forever)).ok).toBe(true);
      return { token };
    }],
    ['a token for other names', 'token-name-mismatch', async () => ({ token: await fleet.token({ names: 'db-*' }) })],
    ['a token with one digit changed', 'token-unknown', async () => {
      const token = await fleet.token();
      return { token: token.slice(0, -1) + (token.endsWith('0') ? '1' : '0') };
    }],
    ['a token that nobody made', 'token-unknown', async () => ({ token: `${'0'.repeat(12)}.${'0'.repeat(40)}` })],
    ['half a token', 'token-malformed', async () => ({ token: 'abc' })],
    ['a machine id that is none', 'machine-id-invalid', async () => ({ machineId: '../..' })],
    ['a CA with another hash', 'ca-hash-mismatch', async () => ({ caHash: wrongHash })],
    ['a CA hash that is none', 'ca-hash-malformed', async () => ({ caHash: 'sha256:beef' })],
    ['a name that is none', 'name-invalid', async () => ({ name: 'Web_1' })],
    ['a port where nobody listens', 'unreachable', async () => ({ enrollAddress: '127.0.0.1:1' })],
    ['an address that is none', 'unreachable', async () => ({ enrollAddress: 'nowhere' })],
  ];
  test.each(cases)('%s', async (_name, code, change) => {
    const outcome = await enroll({ ...order, ...(await change()) }, forever);
    if (outcome.ok) throw new Error('it was let in');
    expect(`${outcome.code} ${outcome.message}`).toContain(code);
    expect(await loadIdentity(order.stateDir)).toMatchObject({ ok: false, code: 'not-enrolled' });
    expect(await getEnrolledNode(fleet.store, 'web1')).toBeNull();
  });

  test('the wrong hash is answered with both hashes, before anything is sent', async () => {
    const outcome = await enroll({ ...order, caHash: wrongHash }, forever);
    if (outcome.ok) throw new Error('it was let in');
    for (const part of [wrongHash, fleet.keys.ca.hash, 'farrier token create']) expect(outcome.message).toContain(part);
    expect((await fleet.audit.list(10)).entries).toEqual([]);
  });

  test('a name of the coordinator that its certificate does not have', async () => {
    const elsewhere = await serveEnrollment('127.0.0.2:0', fleet.parts, silentLogger);
    const outcome = await enroll({ ...order, enrollAddress: `127.0.0.2:${elsewhere.port}` }, forever);
    elsewhere.server.forceShutdown();
    expect(!outcome.ok && outcome.message).toContain('is not a name of the coordinator');
  });
});

test('an identity that is there is only replaced by force', async () => {
  expect((await enroll(order, forever)).ok).toBe(true);
  const before = await identityOf(order.stateDir);
  expect(await enroll(order, forever)).toMatchObject({ ok: false, code: 'identity-present' });
  const forced = { ...order, token: await fleet.token(), force: true };
  expect((await enroll(forced, forever)).ok).toBe(true);
  expect((await identityOf(order.stateDir)).serial).not.toBe(before.serial);
});

test('what a crash left beside the identity is nobody’s identity, and is swept away', async () => {
  const leftover = join(order.stateDir, 'identity-00c0ffee');
  await mkdir(leftover, { recursive: true });
  await writeFile(join(leftover, 'key.pem'), 'half');
  await symlink('identity-00c0ffee', join(order.stateDir, 'identity.new'));
  expect(await loadIdentity(order.stateDir)).toMatchObject({ ok: false, code: 'not-enrolled' });
  expect((await enroll(order, forever)).ok).toBe(true);
  expect(await readdir(order.stateDir)).not.toContain('identity-00c0ffee');
});

test('a host that lost the answer asks again with the same key: the token is not used twice, the node is the same', async () => {
  expect((await enroll({ ...order, enrollAddress: '127.0.0.1:1' }, forever)).ok).toBe(false);
  expect((await enroll(order, forever)).ok).toBe(true);
  // As if it had been killed before the identity was written.
  await mkdir(join(fleet.folder, 'again'));
  await writeFile(join(fleet.folder, 'again', 'enrolling.key'), await readFile(join(order.stateDir, 'identity', 'key.pem')));
  const before = await getEnrolledNode(fleet.store, 'web1');
  expect((await enroll({ ...order, stateDir: join(fleet.folder, 'again') }, forever)).ok).toBe(true);
  const after = await getEnrolledNode(fleet.store, 'web1');
  expect(after?.identity.enrollment).toBe(before?.identity.enrollment);
  expect(after?.pending).toBeNull();
  expect(await readdir(order.stateDir)).not.toContain('enrolling.key');
});

describe('a name that is taken', () => {
  beforeEach(async () => {
    await mustEnroll(order);
  });

  test('waits beside its owner until an operator approves', async () => {
    const before = await getEnrolledNode(fleet.store, 'web1');
    expect(await enroll(await host('two'), forever)).toMatchObject({ ok: true, awaitsApproval: true });
    const waiting = await getEnrolledNode(fleet.store, 'web1');
    expect(waiting?.identity).toEqual(before?.identity);
    expect(waiting?.approved).toBe(true);
    expect(await approveNode(fleet.store, 'web1')).toMatchObject({ ok: true, node: { pending: null, approved: true } });
    expect((await getEnrolledNode(fleet.store, 'web1'))?.identity.enrollment).toBe(waiting?.pending?.identity.enrollment);
    expect(await approveNode(fleet.store, 'web1')).toMatchObject({ ok: false, code: 'nothing-pending' });
    expect(await approveNode(fleet.store, 'web9')).toMatchObject({ ok: false, code: 'node-unknown' });
  });

  test('whoever waits can be rejected: the owner stays, the next one may ask', async () => {
    const before = await getEnrolledNode(fleet.store, 'web1');
    await mustEnroll(await host('two'));
    expect(await rejectPendingNode(fleet.store, 'web1')).toMatchObject({ ok: true });
    expect(await getEnrolledNode(fleet.store, 'web1')).toEqual(before);
    await mustEnroll(await host('three', { machineId: 'cd'.repeat(16) }));
    expect((await getEnrolledNode(fleet.store, 'web1'))?.pending?.identity.machineId).toBe('cd'.repeat(16));
  });

  test('a third host does not push out the one that waits', async () => {
    expect((await enroll(await host('two', { machineId: 'cd'.repeat(16) }), forever)).ok).toBe(true);
    const third = await enroll(await host('three'), forever);
    expect(!third.ok && third.message).toContain('cd'.repeat(16));
    expect((await getEnrolledNode(fleet.store, 'web1'))?.pending?.identity.machineId).toBe('cd'.repeat(16));
  });
});

describe('renewal', () => {
  beforeEach(async () => {
    await mustEnroll(order);
  });

  test('brings a new key and certificate of the same enrollment; the trust document stays', async () => {
    const before = await identityOf(order.stateDir);
    const renewed = await renew(order.stateDir, null, forever);
    if (!renewed.ok) throw new Error(renewed.message);
    expect(renewed.identity.keyPem).not.toBe(before.keyPem);
    expect(renewed.identity.serial).not.toBe(before.serial);
    expect(await loadTrust(order.stateDir, renewed.identity)).toMatchObject({ ok: true });
    expect((await getEnrolledNode(fleet.store, 'web1'))?.identity.certificates.map(({ serial }) => serial)).toEqual([before.serial, renewed.identity.serial]);
  });

  test('works long after expiry, and is written down as such; not after the grace', async () => {
    fleet.clock.advance(30 * DAY_MS + 365 * DAY_MS + DAY_MS);
    const late = await renew(order.stateDir, null, forever);
    expect(!late.ok && late.message).toContain('grace-over');
    fleet.clock.advance(-2 * DAY_MS);
    expect((await renew(order.stateDir, null, forever)).ok).toBe(true);
    expect((await fleet.audit.list(1)).entries[0]?.result).toContain('364 days after expiry');
  });

  test('a replayed request is harmless: it yields a certificate for a key that the replayer does not hold, and pushes nobody out', async () => {
    const identity = await identityOf(order.stateDir);
    const csrPem = createCsr('web1', generateCertificateKey());
    const request = { certificatePem: identity.certificatePem, csrPem, signature: signRenewal(csrPem, identity.keyPem) };
    for (let replay = 0; replay < 10; replay += 1) {
      const answer = await renewNode(fleet.parts, request);
      if (!answer.ok) throw new Error(answer.message);
      expect(new X509Certificate(answer.response.certificatePem ?? '').subjectAltName).toBe('URI:farrier://prod/node/web1');
    }
    expect((await getEnrolledNode(fleet.store, 'web1'))?.identity.certificates.map(({ serial }) => serial)).toContain(identity.serial);
    expect(await renewNode(fleet.parts, { ...request, csrPem: createCsr('web1', generateCertificateKey()) })).toMatchObject({ code: 'proof-invalid' });
    expect((await renew(order.stateDir, null, forever)).ok).toBe(true);
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ['whose certificate was revoked', 'certificate-revoked', async () => revoke(fleet.store, { id: (await identityOf(order.stateDir)).serial, kind: 'certificate', subject: 'web1', why: 'stolen', by: 'ann', revokedUnixMs: 1 })],
    ['whose enrollment was revoked', 'certificate-revoked', async () => revoke(fleet.store, { id: (await getEnrolledNode(fleet.store, 'web1'))?.identity.enrollment ?? '', kind: 'enrollment', subject: 'web1', why: 'stolen', by: 'ann', revokedUnixMs: 1 })],
    ['that was removed', 'node-unknown', () => removeNode(fleet.store, 'web1')],
    ['that was replaced', 'certificate-superseded', async () => {
      expect((await enroll(await host('two'), forever)).ok).toBe(true);
      await approveNode(fleet.store, 'web1');
    }],
  ])('is refused to a host %s', async (_name, code, change) => {
    const before = await identityOf(order.stateDir);
    await change();
    const refused = await renew(order.stateDir, null, forever);
    expect(!refused.ok && refused.message).toContain(code);
    expect(await identityOf(order.stateDir)).toEqual(before);
  });

  test.each<[string, string, () => Promise<string>]>([
    ['an operator', 'wrong-kind', async () => (await fleet.forge({ kind: 'operator', fleet: 'prod', role: 'admin', name: 'ann' })).certificatePem],
    ['a node of another fleet', 'wrong-fleet', async () => (await fleet.forge({ kind: 'node', fleet: 'test', name: 'web1' })).certificatePem],
    ['the coordinator itself', 'identity-missing', async () => fleet.keys.server.chainPem],
    ['nobody', 'certificate-unreadable', async () => 'x'],
    ['a node whose certificate was tampered with', 'certificate-foreign', async () => tampered((await identityOf(order.stateDir)).certificatePem)],
    ['a node of another CA', 'certificate-foreign', async () => {
      await using other = await testFleet();
      return (await other.forge({ kind: 'node', fleet: 'prod', name: 'web1' })).certificatePem;
    }],
  ])('is refused to %s', async (_name, code, certificate) => {
    expect(await renewNode(fleet.parts, { certificatePem: await certificate(), csrPem: '', signature: Buffer.alloc(0) })).toMatchObject({ ok: false, code });
  });
});

test('a trust document is taken when newer, kept when equal, refused when older; another key’s is refused', async () => {
  expect((await enroll(order, forever)).ok).toBe(true);
  const identity = await identityOf(order.stateDir);
  const first = await publishTrust(fleet.parts);
  await revoke(fleet.store, { id: 'ab'.repeat(16), kind: 'certificate', subject: 'x', why: '', by: 'ann', revokedUnixMs: 1 });
  const second = await publishTrust(fleet.parts);
  const store = (envelope: typeof first) => storeTrust(order.stateDir, identity, envelope, fleet.clock.wallUnixMs());
  expect(await store(second)).toMatchObject({ ok: true, changed: true, document: { version: 2, revoked: ['ab'.repeat(16)] } });
  expect(await store(second)).toMatchObject({ ok: true, changed: false });
  expect(await store(first)).toMatchObject({ ok: false, code: 'version-regressed' });
  await using other = await testFleet();
  expect(await store(await publishTrust(other.parts, 9))).toMatchObject({ ok: false, code: 'signature-invalid' });
  expect(await loadTrust(order.stateDir, identity)).toMatchObject({ ok: true, document: { version: 2 } });
  expect((await publishTrust(fleet.parts)).payload).toEqual(second.payload);
  expect(await store(await publishTrust(fleet.parts, 40))).toMatchObject({ ok: true, document: { version: 41 } });
  expect(await store(await publishTrust(fleet.parts, Number.MAX_SAFE_INTEGER))).toMatchObject({ ok: true, changed: false, document: { version: 41 } });
});
