import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { ContainerdSettings } from '../../../shared/domain/steps/containerd-spec.ts';
import { cellName, CONTAINERD_CELLS, CONTAINERD_SUITES, type ContainerdMinor } from '../../fleet/containerd-host.ts';
import { startContainer } from '../../fleet/container-image.ts';
import { downloadDebianPackages } from '../../fleet/debian-packages.ts';
import { missingParts, notChecked } from '../../fleet/missing-parts.ts';
import { PAUSE } from '../../fleet/runtime-images.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { containerdRuntime } from '../../support/containerd-settings.ts';
import { BOOT_MAX_MS, ContainerdHosts } from './containerd-hosts.ts';
import { type CellSaw, type Change, CHANGES, MATRIX_HOSTS } from './matrix-table.ts';
import { configure, filesOf, refusal, thereAndBack } from './there-and-back.ts';
import { newerContainerds, upgradeAndBack } from './upgrade-and-back.ts';
import { wasmSteps } from './wasm-steps.ts';

// Each change to containerd on each of its hosts and back, told cell by cell: matrix-table.ts makes the table.

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('changes to containerd on real hosts', missing));

const MINORS = Object.keys(CONTAINERD_SUITES) as ContainerdMinor[];
const OTHER_PAUSE = 'fleet.invalid/pause:2';
const CRUN: Partial<ContainerdSettings> = { runtimes: [containerdRuntime('crun')] };
const REGISTRY: Partial<ContainerdSettings> = { registry: { configPath: '/etc/containerd/certs.d', hosts: [{ host: 'docker.io', server: null, mirrors: [{ url: 'https://cache.site:5000', capabilities: ['pull', 'resolve'], ca: null, skipVerify: false, overridePath: false }] }] } };

interface ConfigCase {
  readonly change: Change;
  readonly settings: Partial<ContainerdSettings>;
  /** What CRI says then. */
  readonly shows: Readonly<Record<string, unknown>>;
  /** That a pod runs with; '' for the default one. */
  readonly handler: string;
}

const CONFIG_CASES: readonly ConfigCase[] = [
  { change: 'add crun', settings: CRUN, shows: { handlers: ['crun', 'runc'], defaultHandler: 'runc' }, handler: 'crun' },
  { change: 'crun as default', settings: { ...CRUN, defaultRuntime: 'crun' }, shows: { handlers: ['crun', 'runc'], defaultHandler: 'crun' }, handler: '' },
  { change: 'registry hosts', settings: REGISTRY, shows: { handlers: ['runc'] }, handler: '' },
  { change: 'sandbox image', settings: { sandboxImage: OTHER_PAUSE }, shows: { handlers: ['runc'] }, handler: '' },
];

describe.skipIf(missing.length > 0)('changes to containerd on real hosts', { timeout: 10 * 60_000 }, () => {
  let hosts: ContainerdHosts;

  beforeAll(async () => {
    hosts = await ContainerdHosts.boot();
    for (const cell of CONTAINERD_CELLS) {
      await hosts.host(cell).mustExec(['ctr', '--namespace', 'k8s.io', 'images', 'tag', PAUSE, OTHER_PAUSE]);
      await startContainer(hosts.host(cell), 'before', PAUSE);
    }
  }, BOOT_MAX_MS);

  afterAll(() => hosts?.tearDown());

  describe.each(CONTAINERD_CELLS)('containerd $minor of $suite', (cell) => {
    const sees = (change: Change): CellSaw => ({ host: cellName(cell), parts: hosts.parts(cell), changes: [change], notThere: null, note: null, isChanged: false, isBack: false });
    const differs = async (before: string): Promise<void> => expect(await filesOf(hosts.host(cell))).not.toBe(before);

    test.for(CONFIG_CASES)('$change', async ({ change, settings, shows, handler }, { task }) => {
      const saw = (task.meta.saw = sees(change));
      const steps = [configure(settings), hosts.probe({ handler })];
      if (settings.runtimes !== undefined && !cell.crunRuns) {
        saw.notThere = /^refused config-refused .*crun-too-old: (.*?);/.exec(await refusal(hosts, cell, steps))?.[1] ?? null;
        expect(saw.notThere).not.toBeNull();
        return;
      }
      await thereAndBack(hosts, cell, saw, { steps, there: shows, whileThere: differs });
    });

    test('Wasm', async ({ task }) => {
      const saw = (task.meta.saw = sees('Wasm'));
      const { system, crun } = hosts.parts(cell);
      const steps = wasmSteps(hosts.wasm);
      if (crun.includes('+WASM')) {
        await thereAndBack(hosts, cell, saw, { steps, there: { handlers: ['runc', 'wasm'], defaultHandler: 'runc' }, whileThere: differs });
        return;
      }
      expect(await refusal(hosts, cell, steps)).toMatch(cell.crunRuns ? /^reverted verify-failed wasm: / : /^refused config-refused .*crun-too-old: /);
      saw.notThere = `crun ${crun} of ${system} runs no WebAssembly: its version does not say +WASM`;
    });

    test('next containerd', async ({ task }) => {
      const saw = (task.meta.saw = sees('next containerd'));
      const next = MINORS[MINORS.indexOf(cell.minor) + 1];
      if (next === undefined) {
        expect(await newerContainerds(hosts.host(cell), hosts.parts(cell).containerd)).toBe('');
        saw.notThere = `nothing is newer than ${hosts.parts(cell).containerd} in ${Object.values(CONTAINERD_SUITES).join(', ')}`;
        return;
      }
      await upgradeAndBack(hosts, cell, saw, next);
    });

    test('a draft that it cannot take changes nothing', async () => {
      const unit = (): Promise<string> => hosts.host(cell).mustExec(['systemctl', 'show', '--property=MainPID', 'containerd.service']);
      const process = await unit();
      expect(await refusal(hosts, cell, [configure({ runtimes: [containerdRuntime('none')] })])).toMatch(/^refused config-refused .*runtime-missing: /);
      expect(await refusal(hosts, cell, [configure({ defaultRuntime: 'nobody' })])).toMatch(/^refused config-refused .*default-runtime-missing: /);
      expect(await unit()).toBe(process);
    });
  });

  const nowhere = MATRIX_HOSTS.filter((one) => !CONTAINERD_CELLS.some(({ suite, minor }) => suite === one.suite && minor === one.minor));
  test.for(nowhere)('there is no containerd $minor on $suite', async ({ suite, minor }, { task }) => {
    const [deb = ''] = await downloadDebianPackages(suite, ['containerd']);
    const own = (await mustRun(['dpkg-deb', '--field', deb, 'Version'])).trim();
    expect(MINORS.findIndex((one) => own.startsWith(`${one}.`))).toBeGreaterThan(MINORS.indexOf(minor));
    const { system } = hosts.parts(CONTAINERD_CELLS.find((cell) => cell.suite === suite)!);
    const parts = { system, containerd: minor, runc: '', crun: '' };
    task.meta.saw = { host: cellName({ suite, minor }), parts, changes: CHANGES, notThere: `${system} began with containerd ${own}`, note: null, isChanged: false, isBack: false } satisfies CellSaw;
  });
});
