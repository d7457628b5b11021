// npm run package: writes the .debs of the agent and the coordinator, each with its own Node runtime, to dist/.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildPackages } from './build-packages.ts';
import { isMutation, MUTATIONS } from './mutations.ts';
import { RECIPES } from './package-tree.ts';

const HELP = `Usage: npm run package -- [OPTIONS]

  --arch amd64,arm64      architectures (both unless given)
  --package NAME          farrier-agent or farrier-coordinator (both unless given)
  --node-binary PATH      ship this Node program instead of the locked one; needs one --arch
  --version VERSION       as package.json says unless given
  --out FOLDER            dist unless given
  --no-compression        quick and large, for tests on hosts
  --mutation NAME         build a fault in, so that a proof can show that it fails: ${MUTATIONS.join(', ')}`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: 'amd64,arm64' },
    package: { type: 'string', multiple: true },
    'node-binary': { type: 'string' },
    version: { type: 'string' },
    out: { type: 'string', default: join(root, 'dist') },
    'no-compression': { type: 'boolean', default: false },
    mutation: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const architectures = values.arch.split(',').map((name) => (name === 'amd64' || name === 'arm64' ? name : stop(`--arch ${name}: only amd64 and arm64 are known`)));
const names = RECIPES.map(({ name }) => name);
const packages = values.package?.map((wanted) => names.find((name) => name === wanted) ?? stop(`--package ${wanted}: known are ${names.join(', ')}`)) ?? names;
const nodeBinary = values['node-binary'] ?? null;
if (nodeBinary !== null && architectures.length !== 1) stop('--node-binary is one program: say for which --arch it is');
const mutation = values.mutation;
if (!isMutation(mutation)) stop(`--mutation ${mutation}: known are ${MUTATIONS.join(', ')}`);

const built = await buildPackages({
  root,
  version: values.version ?? (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version,
  packages,
  architectures,
  outFolder: values.out,
  cacheFolder: process.env['FARRIER_CACHE'] === undefined ? '/var/cache/farrier-dev/packages' : join(process.env['FARRIER_CACHE'], 'packages'),
  compression: values['no-compression'] ? 'none' : 'xz',
  mutation,
  nodeBinary,
  sourceDateEpoch: sourceDateEpoch(),
  say: (line) => console.error(line),
});

for (const { runtime } of new Map(built.map((one) => [one.architecture, one])).values()) {
  console.log(`Node for ${runtime.architecture}: sha256 ${runtime.sha256} (published as ${runtime.publishedSha256}, ${runtime.stripped ? 'symbols taken out' : 'symbols left in: no strip here knows it'})`);
}
for (const { path, bytes, cached } of built) {
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  console.log(`${path}  ${(bytes / 1024 / 1024).toFixed(1)} MB  sha256 ${sha256}${cached ? '  (unchanged)' : ''}`);
}
if (mutation !== '') console.log(`\nThese hold the fault ${mutation}: for proofs only, never for a host that matters.`);

/** The last commit's time, so that one commit gives one package wherever it is built; 2025-01-01 outside a repository. */
function sourceDateEpoch(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return Number(given);
  try {
    return Number(execFileSync('git', ['-c', 'safe.directory=*', 'log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
  } catch {
    return Date.UTC(2025, 0, 1) / 1000;
  }
}

function stop(message: string): never {
  console.error(`npm run package: ${message}`);
  process.exit(2);
}
