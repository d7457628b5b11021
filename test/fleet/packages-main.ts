// Runs the cases of a package system on the machine that it is started on, which changes that machine's packages: started
// in a host by tests and proofs, with the name of one. Prints one JSON line a case.
import { debianLab } from '../support/debian-lab.ts';
import { PACKAGE_REMOVAL_CASES } from '../support/package-removal-cases.ts';
import { PACKAGE_CASES } from '../support/package-system-cases.ts';
import { RPM_CASES } from '../support/rpm-cases.ts';
import { type RpmFamilyName, rpmLab, type RpmLabOptions } from '../support/rpm-lab.ts';

interface RunnableCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

function rpmCases(family: RpmFamilyName): readonly RunnableCase[] {
  const flags: readonly RpmLabOptions['conffileFlag'][] = ['config', 'config(noreplace)'];
  return [
    ...PACKAGE_CASES.flatMap(({ name, run }) => (name.startsWith('conffiles:') ? flags : flags.slice(0, 1)).map((conffileFlag) => ({
      name: `${name} (%${conffileFlag})`,
      run: async () => run(await rpmLab(family, { conffileFlag })),
    }))),
    ...RPM_CASES.map(({ name, run }) => ({ name, run: async () => run(await rpmLab(family, { conffileFlag: 'config' }), family) })),
  ];
}

const CASES: Readonly<Record<string, readonly RunnableCase[]>> = {
  apt: [...PACKAGE_CASES, ...PACKAGE_REMOVAL_CASES].map(({ name, run }) => ({ name, run: async () => run(await debianLab()) })),
  dnf: rpmCases('dnf'),
  zypper: rpmCases('zypper'),
};

const [system = '', only = ''] = process.argv.slice(2);
const cases = CASES[system]?.filter(({ name }) => name.includes(only));
if (cases === undefined) throw new Error(`no package system ${system}: ${Object.keys(CASES).join(', ')}`);
for (const { name, run } of cases) {
  const error = await run().then(() => null, (cause: unknown) => (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)));
  process.stdout.write(`${JSON.stringify({ name, error })}\n`);
}
