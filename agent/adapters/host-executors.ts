import type { Clock } from '../../shared/ports/clock.ts';
import { packagesStep } from '../steps/packages/packages.ts';
import { rebootStep } from '../steps/reboot/reboot.ts';
import { serviceStep } from '../steps/service.ts';
import type { Executors } from '../steps/step.ts';
import { aptPackageSystem } from './apt/apt-package-system.ts';
import { runProgram } from './run-program.ts';
import { systemdHostBoot } from './systemd/systemd-host-boot.ts';
import { systemdUnits } from './systemd/systemd-units.ts';

const LOCK_WAIT_MS = 300_000;

/** The steps that this host can do. */
export function hostExecutors(places: { readonly sourcesDir: string; readonly cacheDir: string }, clock: Clock): Executors {
  const units = systemdUnits(runProgram);
  return {
    packages: packagesStep(aptPackageSystem({ run: runProgram, lockWaitMs: LOCK_WAIT_MS, ...places })),
    service: serviceStep(units, clock),
    reboot: rebootStep({ boot: systemdHostBoot(runProgram), units, clock }),
  };
}
