import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Generation } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { syncFolder, writeDurably } from '../../shared/files/write-durably.ts';
import type { Deadlines } from '../ports/watchdog.ts';

/** Deadlines that lie on disk; a systemd timer of its own (farrier-agent-watchdog.timer) runs `farrier-agent watchdog`, which looks at them. */
export function deadlineWatchdog(stateDir: string, clock: Clock): Deadlines {
  const folder = join(stateDir, 'watchdog');
  const deadlines = async (): Promise<readonly { readonly generation: Generation; readonly deadlineUnixMs: number }[]> => {
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d+$/.test(name));
    return Promise.all(names.map(async (name) => ({ generation: Number(name), deadlineUnixMs: Number(await readFile(join(folder, name), 'utf8')) })));
  };
  return {
    armed: async () => (await deadlines()).map(({ generation }) => generation),
    due: async () => (await deadlines()).filter(({ deadlineUnixMs }) => clock.wallUnixMs() > deadlineUnixMs).map(({ generation }) => generation),
    arm: async (generation, silenceMs) => {
      if ((await deadlines()).some((one) => one.generation === generation)) return;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeDurably(join(folder, String(generation)), String(clock.wallUnixMs() + silenceMs));
      await syncFolder(stateDir);
    },
    disarm: async (generation) => {
      const path = join(folder, String(generation));
      await rm(path, { force: true });
      if ((await readdir(folder).catch(() => null)) !== null) await syncFolder(folder);
    },
  };
}
