import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { PackageCall } from '../../ports/package-system.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import type { PackageParts } from './package-parts.ts';

const LOOK_MS = 1_000;

/**
 * Runs `work` while no timer changes packages behind its back: one that runs already is waited for, none is started.
 *
 * A drop-in in /run keeps each unit from starting for as long as the drop-in is there: its own path is the condition. A
 * power cut takes it away; what a kill left is taken away when the transaction is done again, or put back.
 *
 * @param known services that timers start, of which a host has some.
 */
export async function withoutOtherUpdates<T>(parts: PackageParts, known: readonly string[], work: () => Promise<T>, call: PackageCall): Promise<T | StepFailure> {
  const units = await loadedUnits(parts, known, call);
  try {
    await keepFromStarting(parts, units, call);
    const running = await awaitEnd(parts, units, call);
    if (running !== null) return stepFailure('lock-held', `${running} is changing this host’s packages, and did so for ${parts.lockWaitMs / 1000} s; see what it is waiting for`, running);
    return await work();
  } finally {
    await letStart(parts, units, call);
  }
}

function dropIn(unit: string): string {
  return `/run/systemd/system/${unit}.d/farrier-transaction.conf`;
}

async function keepFromStarting(parts: PackageParts, units: readonly string[], call: PackageCall): Promise<void> {
  for (const unit of units) {
    const path = dropIn(unit);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, `# Farrier is changing this host's packages: this goes when it is done.\n[Unit]\nConditionPathExists=!${path}\n`, { mode: 0o644 });
  }
  if (units.length > 0) await reload(parts, call.signal);
}

async function letStart(parts: PackageParts, units: readonly string[], call: PackageCall): Promise<void> {
  for (const unit of units) {
    await rm(dropIn(unit), { force: true });
    // Somebody else's drop-in may lie beside it.
    await rmdir(dirname(dropIn(unit))).catch(() => undefined);
  }
  // Also when the time is up: without the file the condition holds, and systemd only says that it has not read that yet.
  if (units.length > 0) await reload(parts, AbortSignal.timeout(30_000)).catch((error: unknown) => call.output(`farrier: systemctl daemon-reload: ${String(error)}\n`));
}

/** @returns the unit that still runs when the wait is over. */
async function awaitEnd(parts: PackageParts, units: readonly string[], call: PackageCall): Promise<string | null> {
  const startedMs = performance.now();
  for (;;) {
    const running = (await show(parts, units, call)).find(({ active }) => active)?.unit ?? null;
    if (running === null || performance.now() - startedMs > parts.lockWaitMs) return running;
    call.output(`farrier: waits for ${running}, which changes packages\n`);
    await delay(LOOK_MS, undefined, { signal: call.signal });
  }
}

async function loadedUnits(parts: PackageParts, known: readonly string[], call: PackageCall): Promise<readonly string[]> {
  return (await show(parts, known, call)).filter(({ loaded }) => loaded).map(({ unit }) => unit);
}

async function show(parts: PackageParts, units: readonly string[], { signal }: PackageCall): Promise<readonly { readonly unit: string; readonly loaded: boolean; readonly active: boolean }[]> {
  if (units.length === 0) return [];
  const { stdout } = await parts.run(['systemctl', 'show', '--property=Id,LoadState,ActiveState', '--', ...units], { signal });
  return stdout.trim().split('\n\n').map((block) => {
    const property = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    return { unit: property('Id'), loaded: property('LoadState') === 'loaded', active: ['active', 'activating', 'deactivating', 'reloading'].includes(property('ActiveState')) };
  });
}

async function reload(parts: PackageParts, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await parts.run(['systemctl', 'daemon-reload'], { signal });
  if (code !== 0) throw new Error(`systemctl daemon-reload: ${stderr.trim()}`);
}
