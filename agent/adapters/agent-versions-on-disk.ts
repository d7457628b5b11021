import { access, constants, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../../shared/files/write-durably.ts';
import type { AgentVersions } from '../ports/agent-versions.ts';

/** As the package farrier-agent lays it out. */
export const AGENT_HOME = '/usr/lib/farrier-agent';

/** @param home as the package lays it out: a folder for each version, and the link `current`. @param own the folder that this process runs from. */
export function agentVersionsOnDisk(home: string, own: string): AgentVersions {
  const isComplete = async (version: string): Promise<boolean> =>
    (await isThere(join(home, version, 'node'), constants.X_OK)) && (await isThere(join(home, version, 'agent.mjs'), constants.R_OK));
  const current = async (): Promise<string | null> => {
    const version = await readlink(join(home, 'current')).catch(() => null);
    return version !== null && basename(version) === version && (await isComplete(version)) ? version : null;
  };
  return {
    current,
    present: async () => {
      const names = (await readdir(home).catch(() => [])).filter((name) => /^\d/.test(name) && !/\.(?:new|old)$/.test(name));
      const complete = await Promise.all(names.map(isComplete));
      return names.filter((_name, index) => complete[index]).toSorted();
    },
    runBy: async (pid) => {
      // A program that was removed meanwhile has ` (deleted)` after its path (proc(5)).
      const program = pid === 0 ? null : await readlink(`/proc/${pid}/exe`).catch(() => null);
      const folder = program === null ? '' : dirname(program);
      return dirname(folder) === home ? basename(folder) : null;
    },
    flip: async (version) => {
      if (!(await isComplete(version))) throw new Error(`${join(home, version)} is no complete version of the agent`);
      const beside = join(home, 'current.new');
      await rm(beside, { force: true });
      await symlink(version, beside);
      await rename(beside, join(home, 'current'));
      await syncFolder(home);
    },
    forget: async (version) => {
      const folder = join(home, version);
      if (basename(version) !== version || folder === own || (await current()) === version) return;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function isThere(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(() => true, () => false);
}
