import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import { REVISION_BUMP } from '../../../shared/domain/steps/restore-specs.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { runProgram } from '../../fleet/run-program.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { type RestoreHost, RestoreLab } from '../../support/restore-lab.ts';

const never = new AbortController().signal;
const START_MAX_MS = 40_000;
const SHORT_MS = 11_000;

for (const suite of ['trixie', 'bookworm'] as const) {
  const programs = await etcdProgramsOrSayWhy(suite, `the restore of three members of etcd of Debian ${suite}`);
  if (programs === null) test(`a restore with etcd of Debian ${suite}: NOT CHECKED, no etcd`, ({ skip }) => skip());
  else
    describe(`three members of etcd of Debian ${suite}`, { timeout: 120_000 }, () => {
      let lab: RestoreLab;
      let before: string;
      const isRaised = suite === 'trixie';

      beforeAll(async () => {
        lab = await RestoreLab.start(programs);
        await lab.fill('/registry/pods/default', 300);
        await lab.first.ctl('del', '/registry/pods/default/7');
        before = await lab.contents();
        await lab.take();
        await lab.fill('/registry/later', 50);
      }, 60_000);
      afterAll(() => lab.dispose());

      test('one that cannot be restored: every host has its own data back', async () => {
        const later = await lab.contents();
        const { results, reverts } = await lab.restore('failed', SHORT_MS, ({ member, folder }) => {
          // What was staged is gone when it is needed.
          if (member.name === 'm1') rmSync(join(folder, 'restore-failed/fetched'), { recursive: true });
        });
        expect(results.map((result) => (result.ok ? 'ok' : result.outcome.code))).toEqual(['members-missing', 'snapshot-unusable', 'members-missing']);
        expect(reverts.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
        await lab.untilHealthy();
        expect(await lab.contents()).toBe(later);
        for (const host of lab.hosts) expect(host.names).toEqual(['member']);
      });

      test('wiped, they hold all of the snapshot again, and what lay there is kept', async () => {
        const [, second, third] = lab.hosts as readonly [RestoreHost, RestoreHost, RestoreHost];
        for (const host of [second, third]) {
          await host.stop();
          rmSync(join(host.dataDir, 'member'), { recursive: true });
        }
        const { results, notes } = await lab.restore('good', START_MAX_MS);
        for (const note of notes) expect(note.includes('watchers of old ones are told nothing')).toBe(!isRaised);
        expect(results).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
        expect(await lab.contents()).toBe(before);
        expect(lab.hosts.map(({ names }) => names)).toEqual([['farrier-before-good', 'member'], ['member'], ['member']]);
        expect(readdirSync(join(lab.first.dataDir, 'farrier-before-good')).toSorted()).toEqual(['snap', 'wal']);

        const looks = await Promise.all(lab.hosts.map(async ({ place }) => await grpcEtcdMember(place, systemClock).hashKv(0, never)));
        const hashes = looks.map((look) => (look.ok ? `${look.value.hash} ${look.value.compactRevision}` : look.message));
        expect(new Set(hashes).size, hashes.join()).toBe(1);
      });

      test(isRaised ? 'a watcher of an old revision is told that it is compacted' : 'a watcher of an old revision is told nothing, as etcd 3.4 cannot, and the step says so', async () => {
        const status = await grpcEtcdMember(lab.first.place, systemClock).status(never);
        expect(status).toMatchObject({ ok: true, value: { revision: (isRaised ? REVISION_BUMP : 0) + 302 } });
        const said = await watchFrom(lab.first, programs.etcdctl, 250);
        if (isRaised) expect(said).toMatch(/required revision has been compacted/);
        else expect(said).not.toMatch(/compacted/);
      });

      test('nothing of it stays readable on a host, once its assignment is over', () => {
        for (const { dataDir } of lab.hosts) expect(readdirSync(dataDir).filter((name) => name.startsWith('farrier-new'))).toEqual([]);
        expect(lab.hosts.every(({ unitsDir }) => !existsSync(join(unitsDir, 'etcd.service.d/zz-farrier-restore.conf')))).toBe(true);
      });
    });
}

/** All that etcdctl writes within a second. */
async function watchFrom({ place }: RestoreHost, etcdctl: string, revision: number): Promise<string> {
  const { endpoint, caFile, certificateFile, keyFile } = place;
  const ended = await runProgram(['timeout', '1', etcdctl, '--endpoints', endpoint, '--cacert', caFile, '--cert', certificateFile, '--key', keyFile, 'watch', '--prefix', '/registry', `--rev=${revision}`], { timeoutMs: 10_000, env: { ...process.env, ETCDCTL_API: '3' } });
  return ended.stdout + ended.stderr;
}
