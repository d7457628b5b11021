import { createPublicKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import type { EtcdReads } from '../../../agent/ports/etcd.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../../agent/snapshots/sealed/sealed-file-sink.ts';
import { proveSnapshot } from '../../../agent/snapshots/prove/prove-snapshot.ts';
import { catalogueProof, PROOF_PHASES, type ProofPhase } from '../../../shared/domain/proof-record.ts';
import { generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import { signSnapshotProof, verifySnapshotProof } from '../../../shared/trust/snapshot-proof.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { processesIn, proofLab } from '../../support/proof-lab.ts';

const TEST_MAX_MS = 120_000;
const never = new AbortController().signal;

describe.each([['bookworm', '3.4', 'etcdctl'], ['trixie', '3.5', 'etcdutl']] as const)('a snapshot of etcd of Debian %s', async (suite, minor, tool) => {
  const programs = await etcdProgramsOrSayWhy(suite, `the proof of snapshots of etcd of Debian ${suite}`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const lab = await proofLab(programs);
  afterAll(() => lab.dispose());
  afterEach(() => lab.expectNothingLeft());

  test('is proved: what comes up from it is what was taken', { timeout: TEST_MAX_MS }, async () => {
    const taken = await lab.look();
    // What came after the look is in the snapshot, and harms nothing.
    await lab.etcd.ctl('put', '/registry/pods/default/8', 'changed');
    await lab.etcd.ctl('put', '/registry/pods/default/new', 'new');
    const snapshot = await lab.take('good.db');
    const order = lab.order(snapshot, taken);
    let [mode, pids, tcp]: [string, readonly string[], readonly string[]] = ['', [], []];
    const proof = await proveSnapshot({
      ...order,
      onPhase: (phase: ProofPhase) => {
        if (phase !== 'compare') return;
        mode = rights(order.scratchFolder);
        pids = processesIn(order.scratchFolder);
        tcp = pids.flatMap(tcpSocketsOf);
      },
    }, never);
    if (!proof.ok) throw new Error(`${proof.phase}: ${proof.message}`);
    const { record } = proof;
    expect(record).toMatchObject({
      fleet: 'demo', cluster: 'prod', prover: 'worker-1', datastore: 'etcd',
      snapshot: { id: 'one', digest: snapshot.record.plain.digest, revision: snapshot.record.revision, takenUnixMs: snapshot.record.takenUnixMs },
      tools: { restore: expect.stringMatching(`^${tool} ${minor}\\.`), server: expect.stringMatching(`^etcd ${minor}\\.`) },
    });
    expect(record.comparisons.map(({ fact, against, outcome }) => `${against} ${fact}: ${outcome}`)).toEqual([
      'record digest: same', 'record revision: same', 'record live-keys: not-compared', 'record member: same',
      'snapshot structure: same', 'snapshot revision: same', 'snapshot live-keys: same', 'snapshot registry-keys: same', 'snapshot key-value-hash: same',
      'member revision: same', 'member live-keys: same', 'member registry-keys: same', 'member kube-system: same', 'member key-value-hash: same',
    ]);
    expect(record.comparisons.find(({ fact, against }) => fact === 'live-keys' && against === 'member')).toMatchObject({ expected: '202', found: '202' });
    expect(Object.keys(record.phasesMs)).toEqual(PROOF_PHASES);
    expect(record.phasesMs.restore * record.phasesMs.start * record.phasesMs.check * record.phasesMs.clean).toBeGreaterThan(0);
    expect(catalogueProof(record)).toMatchObject({ provedBy: 'worker-1', compared: ['digest', 'revision', 'cluster-identity', 'structure', 'live-keys', 'key-value-hash'] });
    const keyPem = generateCertificateKey();
    expect(verifySnapshotProof(signSnapshotProof(record, keyPem), { fleet: 'demo', name: 'worker-1', publicKey: createPublicKey(keyPem) })).toEqual({ ok: true, proof: record });
    // While it was up: root alone could see it, and it listened nowhere else.
    expect({ mode, processes: pids.length, tcp }).toEqual({ mode: '700', processes: 1, tcp: [] });
  });

  test('is proved though the member was compacted after it was asked, and says what could not be compared', { timeout: TEST_MAX_MS }, async () => {
    const taken = await lab.look();
    await lab.etcd.ctl('put', '/registry/pods/default/9', 'changed');
    await lab.etcd.ctl('put', '/registry/pods/default/9', 'changed again');
    await lab.etcd.ctl('compact', '--physical', String(taken.revision + 2));
    const proof = await proveSnapshot(lab.order(await lab.take('compacted.db'), taken), never);
    if (!proof.ok) throw new Error(`${proof.phase}: ${proof.message}`);
    const left = proof.record.comparisons.filter(({ outcome, against }) => outcome === 'not-compared' && against === 'member');
    expect(left.map(({ fact, because }) => `${fact}: ${because}`)).toEqual(['live-keys', 'registry-keys', 'kube-system', 'key-value-hash'].map((fact) => `${fact}: revision ${taken.revision} cannot be read in it`));
    expect(proof.record.comparisons.filter(({ against }) => against === 'snapshot').map(({ outcome }) => outcome)).toEqual(['same', 'same', 'same', 'same', 'same']);
  });

  test('whose leases end while it is proved is no other one for that', { timeout: TEST_MAX_MS }, async () => {
    const taken = await lab.look();
    const [, lease = ''] = /lease (\S+) granted/.exec(await lab.etcd.ctl('lease', 'grant', '2')) ?? [];
    await lab.etcd.ctl('put', '/registry/masterleases/10.0.0.1', 'short', `--lease=${lease}`);
    const order = lab.order(await lab.take('leased.db'), taken);
    let ended = 0;
    /** Is not asked anything before the lease has ended there. */
    const patient = (member: EtcdReads): EtcdReads => ({
      ...member,
      status: async (signal) => {
        const first = await member.status(signal);
        for (let now = first; first.ok && now.ok; now = await member.status(signal)) {
          ended = now.value.revision - first.value.revision;
          if (ended > 0) return now;
          await sleep(100);
        }
        return first;
      },
    });
    const proof = await proveSnapshot({ ...order, memberAt: (socket) => patient(order.memberAt(socket)) }, never);
    expect(proof).toMatchObject({ ok: true });
    expect(ended).toBe(1);
    const revision = proof.ok ? proof.record.comparisons.find(({ fact, against }) => fact === 'revision' && against === 'snapshot') : null;
    expect(Number(revision?.found)).toBe(Number(revision?.expected) + 1);
  });

  test('that is sealed is proved with its key, and is nothing to whoever has another', { timeout: TEST_MAX_MS }, async () => {
    const [identity, other] = [generateIdentity(), generateIdentity()];
    const snapshot = await lab.take('sealed.db', (path, signal) => openSealedFileSink(path, [identity.recipient], signal));
    const order = lab.order(snapshot, await lab.look());
    expect(await proveSnapshot({ ...order, identities: [other, identity] }, never)).toMatchObject({ ok: true });
    lab.expectNothingLeft();
    expect(await proveSnapshot({ ...order, identities: [other] }, never)).toMatchObject({ ok: false, code: 'not-opened', phase: 'unseal' });
    const broken = join(lab.folder, 'broken.db');
    writeFileSync(broken, readFileSync(snapshot.path).fill(7, 5_000, 5_001));
    expect(await proveSnapshot({ ...order, identities: [identity], path: broken }, never)).toMatchObject({ ok: false, code: 'damaged', phase: 'unseal' });
    rmSync(broken);
    expect(await proveSnapshot({ ...order, identities: [identity], path: broken }, never)).toMatchObject({ ok: false, code: 'damaged', phase: 'unseal' });
  });
});

/** Of the folder, where its socket is. */
function rights(folder: string): string {
  return existsSync(join(folder, 'client:1')) ? (statSync(folder).mode & 0o777).toString(8) : 'no socket';
}

/** TCP sockets of either family that a process holds. */
function tcpSocketsOf(pid: string): readonly string[] {
  const held = readdirSync(`/proc/${pid}/fd`).map((descriptor) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? '');
  const tcp = ['tcp', 'tcp6'].flatMap((family) => readFileSync(`/proc/${pid}/net/${family}`, 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/)[9] ?? ''));
  return held.filter((inode) => tcp.includes(inode));
}
