import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ImagesSpec } from '../../../shared/domain/steps/images-spec.ts';
import { CONTAINERD_CELLS, type ContainerdCell, containerdConfig, restartContainerd } from '../../fleet/containerd-host.ts';
import { told } from '../../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../../fleet/missing-parts.ts';
import { PAUSE, WASM_LINE } from '../../fleet/runtime-images.ts';
import { endLeases, runtimeState } from '../../fleet/runtime-state.ts';
import { BOOT_MAX_MS, ContainerdHosts } from './containerd-hosts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('container runtimes on real hosts', missing));

/** As an admin would write it. */
const CRUN = `
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun]
  runtime_type = "io.containerd.runc.v2"
  pod_annotations = ["module.wasm.image/*", "run.oci.handler"]
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
    BinaryName = "/usr/bin/crun"
`;

describe.skipIf(missing.length > 0)('container runtimes on real hosts', () => {
  let hosts: ContainerdHosts;

  beforeAll(async () => {
    hosts = await ContainerdHosts.boot();
    for (const cell of CONTAINERD_CELLS) {
      await hosts.host(cell).writeFile('/etc/containerd/config.toml', containerdConfig(PAUSE) + CRUN);
      await restartContainerd(hosts.host(cell));
    }
  }, BOOT_MAX_MS);

  afterAll(() => hosts?.tearDown());

  const never = new AbortController().signal;
  /** It is up a moment before its CRI is. */
  const untilCriAnswers = (cell: ContainerdCell): Promise<void> => expect.poll(async () => (await hosts.cri(cell).look(never)).reached, { timeout: 10_000 }).toBe(true);
  const images = (): ImagesSpec => ({ kind: 'images', name: 'images', timeoutMs: 120_000, source: { kind: 'containerd', archives: [hosts.hello.archive, hosts.wasm.archive] }, pin: true });

  test.each(CONTAINERD_CELLS)('containerd $minor of $suite says what it is, and what does not listen does not', async (cell) => {
    const cri = hosts.cri(cell);
    await untilCriAnswers(cell);
    expect(await cri.look(never)).toMatchObject({
      reached: true, runtime: 'containerd', version: expect.stringContaining(cell.minor), ready: true, why: '', handlers: ['crun', 'runc'], defaultHandler: 'runc',
      cgroupDriver: 'cgroupfs',
    });
    expect(await cri.image(PAUSE, never)).toMatchObject({ ok: true, id: expect.stringMatching(/^sha256:/) });
    expect(await cri.image('fleet.invalid/nobody:1', never)).toEqual({ ok: true, id: null, pinned: false });
    const host = hosts.host(cell);
    await host.mustExec(['systemctl', 'stop', 'containerd.service']);
    expect(await cri.look(never)).toMatchObject({ reached: false, why: expect.stringContaining('nobody answers') });
    // Its CRI part alone is off, as packages of Docker's have it.
    const config = (await host.readFile('/etc/containerd/config.toml')).toString();
    await host.writeFile('/etc/containerd/config.toml', `disabled_plugins = ["io.containerd.grpc.v1.cri"]\n${config}`);
    await restartContainerd(host);
    expect(await cri.look(never)).toMatchObject({ reached: false, why: expect.stringContaining('does not load that part') });
    await host.writeFile('/etc/containerd/config.toml', config);
    await restartContainerd(host);
    await untilCriAnswers(cell);
  });

  test.each(CONTAINERD_CELLS)('images come into containerd $minor of $suite, are pinned, and go again with all that came with them', async (cell) => {
    const host = hosts.host(cell);
    const before = await runtimeState(host);
    expect(await hosts.play(cell, [images()])).toMatch(/^done ok/);
    const there = await Promise.all([hosts.hello, hosts.wasm].map(({ image }) => hosts.cri(cell).image(image.name, never)));
    expect(there).toEqual([hosts.hello, hosts.wasm].map(({ image }) => ({ ok: true, id: image.id, pinned: cell.minor !== '1.6' })));
    expect(await hosts.playBack(cell)).toMatch(/^done ok/);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS)('a probe through containerd $minor of $suite proves runc by what it writes, and leaves nothing', async (cell) => {
    const host = hosts.host(cell);
    const before = await runtimeState(host);
    // As containerd 2.1 leaves a sandbox whose maker died: it runs, and CRI lists it no more.
    await host.mustExec(['ctr', '--namespace', 'k8s.io', 'run', '--detach', '--label', 'farrier.probe=true', PAUSE, 'lost', '/bin/sleep', '2147483647']);
    expect(await hosts.play(cell, [hosts.probe()])).toMatch(/^done ok/);
    expect(await hosts.play(cell, [hosts.probe({ handler: '' })])).toMatch(/^done ok/);
    expect(await hosts.play(cell, [hosts.probe({ expect: 'something else' })])).toMatch(/^reverted verify-failed runc: .* but "hello from a container"/);
    expect(await hosts.play(cell, [hosts.probe({ handler: 'nobody' })])).toMatch(/^reverted verify-failed nobody: /);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS)('a probe through containerd $minor of $suite tells a crun that works from one that does not', async (cell) => {
    const host = hosts.host(cell);
    const before = await runtimeState(host);
    expect(await hosts.play(cell, [hosts.probe({ handler: 'crun' })])).toMatch(cell.crunRuns ? /^done ok/ : /^reverted verify-failed crun: .*unknown version specified/);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS.filter(({ suite }) => suite === 'trixie'))('crun of $suite runs WebAssembly through containerd $minor', async (cell) => {
    const host = hosts.host(cell);
    const before = await runtimeState(host);
    const { sha256, size } = hosts.wasm.archive;
    const wanted = hosts.probe({ handler: 'crun', image: hosts.wasm.image, archive: { sha256, size }, expect: WASM_LINE });
    expect(await hosts.play(cell, [{ ...wanted, annotations: [{ key: 'module.wasm.image/variant', value: 'compat-smart' }] }])).toMatch(/^done ok/);
    // Without the annotation it is no program.
    expect(await hosts.play(cell, [wanted])).toMatch(/^reverted verify-failed crun: /);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS)('a probe through containerd $minor of $suite that is killed anywhere leaves nothing once it is over', async (cell) => {
    const one = hosts.lonely(cell);
    const before = await runtimeState(one.host);
    let [killed, leases] = [0, 0];
    for (const afterMs of [0, 100, 250, 400, 600, 900]) {
      const generation = hosts.nextGeneration(cell);
      await one.stage(generation, [hosts.probe({ expect: 'something else' })]);
      await one.agent('permit', String(generation));
      await one.until(generation, ({ kinds }) => kinds.includes('applied(0)'));
      await sleep(afterMs);
      const { exitCode } = await one.host.exec(['systemctl', 'kill', '--kill-whom=all', '--signal=SIGKILL', `farrier-assignment-${generation}-activate.service`]);
      if (exitCode === 0) killed += 1;
      await one.until(generation, ({ running }) => !running);
      await one.agent('drive');
      expect(told(await one.over(generation))).toMatch(/^reverted /);
      leases += await endLeases(one.host);
      expect(await runtimeState(one.host)).toBe(before);
    }
    expect(killed).toBeGreaterThan(2);
    expect(leases).toBeLessThanOrEqual(killed);
  });

  test.each(CONTAINERD_CELLS)('images that containerd $minor of $suite has already are not for the step to take away', async (cell) => {
    const host = hosts.host(cell);
    expect(await hosts.play(cell, [images()])).toMatch(/^done ok/);
    const before = await runtimeState(host);
    expect(await hosts.play(cell, [images()])).toMatch(/^done ok/);
    expect(await hosts.playBack(cell)).toMatch(/^done ok/);
    expect(await runtimeState(host)).toBe(before);
  });
});
