import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloadContainerdPair, versionOfDeb, writeAptRepository } from './apt-repository.ts';
import { cacheFolder } from './cache-folder.ts';
import { importImage, isSameContainerRunning, startContainer, writeBusyboxImage } from './container-image.ts';
import { makeDeb, makeServiceDeb } from './deb-package.ts';
import { bootFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('packages on real hosts', missing));

describe.skipIf(missing.length > 0)('packages on a host', () => {
  let fleet: Fleet;
  const repository = cacheFolder('test-repository', String(process.pid));
  const made = join(repository, 'made');

  beforeAll(async () => {
    await writeAptRepository(repository, [await makeServiceDeb(made, { name: 'hoof', version: '1.0' })]);
    fleet = await bootFleet({ hosts: [{ name: 'a' }], aptRepository: repository, onProgress: console.log });
  });

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(repository, { recursive: true, force: true });
  });

  const apt = (...words: readonly string[]): ReturnType<ReturnType<Fleet['host']>['exec']> => fleet.host('a').exec(['apt-get', '--yes', ...words], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  const state = async (): Promise<string> => (await fleet.host('a').exec(['systemctl', 'is-active', 'hoof.service'])).stdout.trim();

  it('come from the repository alone, which may grow under a running host', async () => {
    expect((await apt('update')).exitCode).toBe(0);
    expect((await apt('install', 'hoof')).exitCode).toBe(0);
    expect(await state()).toBe('active');
    await writeAptRepository(repository, [
      await makeServiceDeb(made, { name: 'hoof', version: '2.0', postinst: 'fails' }),
      await makeServiceDeb(made, { name: 'hoof', version: '3.0', service: { crashesAfterS: 1 } }),
    ]);
    expect((await apt('update')).exitCode).toBe(0);
    expect((await fleet.host('a').mustExec(['apt-cache', 'madison', 'hoof'])).trim().split('\n')).toHaveLength(3);
  });

  it('may need what the repository does not have', async () => {
    await writeAptRepository(repository, [await makeDeb(made, { name: 'loose-shoe', version: '1:1.0', depends: ['nail (>= 2)'], files: { '/etc/loose-shoe': 'x\n' }, conffiles: ['/etc/loose-shoe'] })]);
    await apt('update');
    const { exitCode, stdout, stderr } = await apt('install', 'loose-shoe');
    expect(exitCode).toBe(100);
    expect(stdout + stderr).toContain('Depends: nail (>= 2) but it is not installable');
  });

  it('may fail while they are installed', async () => {
    const { exitCode, stdout, stderr } = await apt('install', 'hoof=2.0');
    expect(exitCode).toBe(100);
    expect(stdout + stderr).toContain('made to fail');
    expect(await fleet.host('a').mustExec(['dpkg-query', '--show', '--showformat=${db:Status-Status}', 'hoof'])).toBe('half-configured');
  });

  it('may install well and crash afterwards', async () => {
    expect((await apt('install', 'hoof=3.0')).exitCode).toBe(0);
    await expect.poll(state, { timeout: 10_000 }).toBe('failed');
  });

  it('containerd goes up to 1.7 and down again under a container that goes on', async () => {
    const host = fleet.host('a');
    const pair = await downloadContainerdPair();
    await writeAptRepository(repository, [pair.old, pair.new]);
    await importImage(host, await writeBusyboxImage(join(fleet.folder, 'image.tar')));
    const container = await startContainer(host, 'shoe');
    await apt('update');
    for (const [deb, version] of [[pair.new, ' 1.7.'], [pair.old, ' 1.6.']] as const) {
      expect((await apt('install', '--allow-downgrades', `containerd=${await versionOfDeb(deb)}`)).exitCode).toBe(0);
      expect(await host.mustExec(['containerd', '--version'])).toContain(version);
      expect((await host.exec(['systemctl', 'is-active', 'containerd.service'])).stdout).toBe('active\n');
      expect(isSameContainerRunning(host, container)).toBe(true);
    }
    await host.mustExec(['ctr', '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'KILL', 'shoe']);
    await expect.poll(() => isSameContainerRunning(host, container)).toBe(false);
  });
});
