import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundlePrograms } from '../../../systemd/package/bundle-programs.ts';
import type { Host } from '../host.ts';
import { VERSION } from './build-packages.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PLACE = '/opt/proved-coordinator';

/**
 * From now on the installed coordinator's unit runs proved-coordinator-main.ts, on the Node of its package: so a control
 * plane can be upgraded although nothing proves its datastore yet (I8).
 */
export async function runProvedCoordinator(control: Host): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-proved-'));
  try {
    const bundle = join(folder, 'bundle');
    await bundlePrograms({ root: ROOT, programs: { coordinator: 'test/fleet/farrier/proved-coordinator-main.ts' }, outFolder: bundle, version: VERSION, mutation: '' });
    await control.copyIn(bundle, PLACE);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const start = `/usr/lib/farrier-coordinator/current/node --disable-sigusr1 ${PLACE}/coordinator.mjs run`;
  await control.writeFile('/etc/systemd/system/farrier-coordinator.service.d/proved.conf', `[Service]\nExecStart=\nExecStart=${start}\n`);
  await control.mustExec(['sh', '-c', 'systemctl daemon-reload && systemctl restart farrier-coordinator.service']);
}
