import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { socketCri } from '../../agent/adapters/runtimes/socket-cri.ts';
import type { Cri } from '../../agent/ports/cri.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { CriProbeSpec } from '../../shared/domain/steps/cri-probe-spec.ts';
import type { ImagesSpec } from '../../shared/domain/steps/images-spec.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import { planProcedure } from '../../shared/procedures/plan-procedure.ts';
import { cellName, CONTAINERD_CELLS, type ContainerdCell, containerdConfig, containerdHost, containerdRepository, prepareContainerd } from '../fleet/containerd-host.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { codeFor, LonelyHost, told } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { HELLO_LINE, PAUSE, type RuntimeImage, WASM_LINE, writeRuntimeImage } from '../fleet/runtime-images.ts';
import { endLeases, runtimeState } from '../fleet/runtime-state.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'farrier-runtimes-'));
  let fleet: Fleet;
  let hello: RuntimeImage;
  let wasm: RuntimeImage;
  const generations = new Map<string, number>();

  beforeAll(async () => {
    const pause = await writeRuntimeImage(folder, 'pause');
    hello = await writeRuntimeImage(folder, 'hello');
    wasm = await writeRuntimeImage(folder, 'wasm');
    fleet = await bootFleet({ hosts: CONTAINERD_CELLS.map((cell) => containerdHost(cellName(cell), cell.suite)), aptRepository: await containerdRepository(folder), sharedFolders: codeFor(folder), onProgress: console.log });
    for (const cell of CONTAINERD_CELLS) {
      const host = fleet.host(cellName(cell));
      const version = await prepareContainerd(host, cell.minor, pause.path);
      console.log(`${cellName(cell)}: containerd ${version}, ${(await host.mustExec(['runc', '--version'])).split('\n')[0]}, ${(await host.mustExec(['crun', '--version'])).split('\n')[0]}`);
      await host.writeFile('/etc/containerd/config.toml', containerdConfig(PAUSE) + CRUN);
      await host.mustExec(['systemctl', 'restart', 'containerd.service']);
      for (const { path, archive } of [hello, wasm]) await host.copyIn(path, `/var/cache/lonely-agent/artifacts/${archive.sha256}`);
    }
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  const lonely = (cell: ContainerdCell): LonelyHost => new LonelyHost(fleet.host(cellName(cell)));
  const criOf = (cell: ContainerdCell): Cri => socketCri(`/proc/${fleet.host(cellName(cell)).leader?.pid}/root/run/containerd/containerd.sock`);
  const never = new AbortController().signal;
  /** It is up a moment before its CRI is. */
  const untilCriAnswers = (cell: ContainerdCell): Promise<void> => expect.poll(async () => (await criOf(cell).look(never)).reached, { timeout: 10_000 }).toBe(true);
  function next(cell: ContainerdCell): number {
    const generation = (generations.get(cellName(cell)) ?? 0) + 1;
    generations.set(cellName(cell), generation);
    return generation;
  }
  const images = (): ImagesSpec => ({ kind: 'images', name: 'images', timeoutMs: 120_000, source: { kind: 'containerd', archives: [hello.archive, wasm.archive] }, pin: true });
  const probe = (change: Partial<CriProbeSpec> = {}): CriProbeSpec => ({
    kind: 'cri_probe', name: 'probe', timeoutMs: 120_000, runtime: 'containerd', handler: 'runc', image: hello.image, archive: { sha256: hello.archive.sha256, size: hello.archive.size }, annotations: [], expect: HELLO_LINE, ...change,
  });
  async function play(cell: ContainerdCell, what: readonly StepSpec[] | number): Promise<string> {
    return told(await lonely(cell).whole(next(cell), what));
  }

  test.each(CONTAINERD_CELLS)('containerd $minor of $suite says what it is, and what does not listen does not', async (cell) => {
    const cri = criOf(cell);
    await untilCriAnswers(cell);
    expect(await cri.look(never)).toMatchObject({
      reached: true, runtime: 'containerd', version: expect.stringContaining(cell.minor), ready: true, why: '', handlers: ['crun', 'runc'], defaultHandler: 'runc',
      cgroupDriver: 'cgroupfs',
    });
    expect(await cri.image(PAUSE, never)).toMatchObject({ ok: true, id: expect.stringMatching(/^sha256:/) });
    expect(await cri.image('fleet.invalid/nobody:1', never)).toEqual({ ok: true, id: null, pinned: false });
    const host = fleet.host(cellName(cell));
    await host.mustExec(['systemctl', 'stop', 'containerd.service']);
    expect(await cri.look(never)).toMatchObject({ reached: false, why: expect.stringContaining('nobody answers') });
    // Its CRI part alone is off, as packages of Docker's have it.
    const config = (await host.readFile('/etc/containerd/config.toml')).toString();
    await host.writeFile('/etc/containerd/config.toml', `disabled_plugins = ["io.containerd.grpc.v1.cri"]\n${config}`);
    await host.mustExec(['systemctl', 'start', 'containerd.service']);
    expect(await cri.look(never)).toMatchObject({ reached: false, why: expect.stringContaining('does not load that part') });
    await host.writeFile('/etc/containerd/config.toml', config);
    await host.mustExec(['systemctl', 'restart', 'containerd.service']);
    await untilCriAnswers(cell);
  });

  test.each(CONTAINERD_CELLS)('images come into containerd $minor of $suite, are pinned, and go again with all that came with them', async (cell) => {
    const host = fleet.host(cellName(cell));
    const before = await runtimeState(host);
    expect(await play(cell, [images()])).toMatch(/^done ok/);
    const there = await Promise.all([hello, wasm].map(({ image }) => criOf(cell).image(image.name, never)));
    expect(there).toEqual([hello, wasm].map(({ image }) => ({ ok: true, id: image.id, pinned: cell.minor !== '1.6' })));
    expect(await play(cell, generations.get(cellName(cell))!)).toMatch(/^done ok/);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS)('a probe through containerd $minor of $suite proves runc by what it writes, and leaves nothing', async (cell) => {
    const host = fleet.host(cellName(cell));
    const before = await runtimeState(host);
    // As containerd 2.1 leaves a sandbox whose maker died: it runs, and CRI lists it no more.
    await host.mustExec(['ctr', '--namespace', 'k8s.io', 'run', '--detach', '--label', 'farrier.probe=true', PAUSE, 'lost', '/bin/sleep', '2147483647']);
    expect(await play(cell, [probe()])).toMatch(/^done ok/);
    expect(await play(cell, [probe({ handler: '' })])).toMatch(/^done ok/);
    expect(await play(cell, [probe({ expect: 'something else' })])).toMatch(/^reverted verify-failed runc: .* but "hello from a container"/);
    expect(await play(cell, [probe({ handler: 'nobody' })])).toMatch(/^reverted verify-failed nobody: /);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS)('a probe through containerd $minor of $suite tells a crun that works from one that does not', async (cell) => {
    const host = fleet.host(cellName(cell));
    const before = await runtimeState(host);
    expect(await play(cell, [probe({ handler: 'crun' })])).toMatch(cell.crunRuns ? /^done ok/ : /^reverted verify-failed crun: .*unknown version specified/);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS.filter(({ suite }) => suite === 'trixie'))('crun of $suite runs WebAssembly through containerd $minor', async (cell) => {
    const host = fleet.host(cellName(cell));
    const before = await runtimeState(host);
    const { sha256, size } = wasm.archive;
    const wanted = probe({ handler: 'crun', image: wasm.image, archive: { sha256, size }, expect: WASM_LINE });
    expect(await play(cell, [{ ...wanted, annotations: [{ key: 'module.wasm.image/variant', value: 'compat-smart' }] }])).toMatch(/^done ok/);
    // Without the annotation it is no program.
    expect(await play(cell, [wanted])).toMatch(/^reverted verify-failed crun: /);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS)('a probe through containerd $minor of $suite that is killed anywhere leaves nothing once it is over', async (cell) => {
    const one = lonely(cell);
    const before = await runtimeState(one.host);
    let [killed, leases] = [0, 0];
    for (const afterMs of [0, 100, 250, 400, 600, 900]) {
      const generation = next(cell);
      await one.stage(generation, [probe({ expect: 'something else' })]);
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
    const host = fleet.host(cellName(cell));
    expect(await play(cell, [images()])).toMatch(/^done ok/);
    const before = await runtimeState(host);
    expect(await play(cell, [images()])).toMatch(/^done ok/);
    expect(await play(cell, generations.get(cellName(cell))!)).toMatch(/^done ok/);
    expect(await runtimeState(host)).toBe(before);
  });

  test.each(CONTAINERD_CELLS.filter(({ suite }) => suite === 'trixie'))('a plan gives containerd $minor of $suite a runtime for WebAssembly and proves it; its configuration comes back byte for byte', async (cell) => {
    const host = fleet.host(cellName(cell));
    const config = `# by hand\n${containerdConfig(PAUSE)}`;
    await host.writeFile('/etc/containerd/config.toml', config);
    await host.mustExec(['systemctl', 'restart', 'containerd.service']);
    await untilCriAnswers(cell);
    const [cri, before] = [criOf(cell), await runtimeState(host)];
    expect(await play(cell, wasmSteps(wasm))).toMatch(/^done ok/);
    expect(await cri.look(never)).toMatchObject({ handlers: ['runc', 'wasm'], defaultHandler: 'runc' });
    expect(await play(cell, generations.get(cellName(cell))!)).toMatch(/^done ok/);
    await untilCriAnswers(cell);
    expect(await cri.look(never)).toMatchObject({ handlers: ['runc'] });
    expect((await host.readFile('/etc/containerd/config.toml')).toString()).toBe(config);
    expect(await runtimeState(host)).toBe(before);
  });
});

/** As a plan with nothing but the procedure composes them. */
function wasmSteps({ image, archive: { sha256, size } }: RuntimeImage): readonly StepSpec[] {
  const parsed = parsePlan(`apiVersion: farrier/v1
kind: Plan
metadata: { name: wasm }
spec:
  procedure:
    wasm: { probe: { image: ${image.name}, id: "${image.id}", archive: { sha256: "${sha256}", size: ${size} }, expect: ${WASM_LINE} } }
`, 'wasm.yaml');
  if (!parsed.ok || parsed.plan.procedure === null) throw new Error(JSON.stringify(parsed));
  const planned = planProcedure(parsed.plan.procedure, [{ name: 'n', cluster: '', agent: null, facts: null, isSelected: true }], Date.now());
  return planned.ok ? planned.hops.flatMap(({ steps }) => [...steps.values()].flat().map(({ step }) => step)) : [];
}
