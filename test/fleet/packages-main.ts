// Runs the cases of a package system on the machine that it is started on, which changes that machine's packages: started by
// packages-real.fleet.test.ts in a host. Prints one JSON line a case.
import { debianLab } from '../support/debian-lab.ts';
import { PACKAGE_CASES } from '../support/package-system-cases.ts';

for (const { name, run } of PACKAGE_CASES) {
  const error = await debianLab().then(run).then(() => null, (cause: unknown) => (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)));
  process.stdout.write(`${JSON.stringify({ name, error })}\n`);
}
