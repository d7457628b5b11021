import { existsSync } from 'node:fs';

import type { ScratchPrograms } from '../../ports/scratch-programs.ts';
import { runProgram } from '../run-program.ts';
import { childScratchPrograms } from './child-scratch-programs.ts';
import { systemdScratchPrograms } from './systemd-scratch-programs.ts';

/** As sd_booted(3) finds it out. */
const BOOTED_BY_SYSTEMD = '/run/systemd/system';
/** etcd keeps an index of all keys, and its database in the cache. */
const MEMORY_MAX_BYTES = 2 * 1024 ** 3;

/** What this host has for running others' programs on what was restored. */
export function hostScratchPrograms(): ScratchPrograms {
  return existsSync(BOOTED_BY_SYSTEMD) ? systemdScratchPrograms(runProgram, MEMORY_MAX_BYTES) : childScratchPrograms;
}
