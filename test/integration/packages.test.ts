import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGENT_DEB_BYTES_MAX } from '../../systemd/package/build-packages.ts';
import type { BuiltPackage } from '../../systemd/package/build-packages.ts';
import { NEVER_IN_AGENT } from '../../systemd/package/bundle-programs.ts';
import { makeDeb } from '../../systemd/package/make-deb.ts';
import { MUTATIONS } from '../../systemd/package/mutations.ts';
import { cacheFolder } from '../fleet/cache-folder.ts';
import { builtPackage } from '../support/built-package.ts';

const xzTimeoutMs = 2 * 60_000;
let folder = '';
const unpacked = { agent: '', coordinator: '' };
let agent: BuiltPackage;
let coordinator: BuiltPackage;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-debs-'));
  agent = await builtPackage({ name: 'farrier-agent', outFolder: folder });
  coordinator = await builtPackage({ name: 'farrier-coordinator', outFolder: folder });
  for (const [name, { path }] of [['agent', agent], ['coordinator', coordinator]] as const) {
    unpacked[name] = join(folder, name);
    execFileSync('dpkg-deb', ['--raw-extract', path, unpacked[name]]);
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const contents = ({ path }: BuiltPackage): readonly { readonly mode: string; readonly owner: string; readonly name: string }[] =>
  execFileSync('dpkg-deb', ['--contents', path], { encoding: 'utf8', maxBuffer: 1 << 24 })
    .trim()
    .split('\n')
    .map((line) => {
      const [mode = '', owner = '', , , , name = ''] = line.split(/\s+/);
      return { mode, owner, name };
    });
const textOf = (programs: string): string =>
  readdirSync(programs).filter((name) => name.endsWith('.mjs')).map((name) => readFileSync(join(programs, name), 'utf8')).join('\n');

describe.each([
  ['farrier-agent', () => agent, /^\.\/(etc\/farrier\/|usr\/bin\/farrier-agent$|usr\/libexec\/farrier-agent-watchdog$|usr\/lib\/farrier-agent\/|usr\/lib\/(systemd\/system|tmpfiles\.d)\/farrier-agent|usr\/share\/doc\/farrier-agent\/)/],
  ['farrier-coordinator', () => coordinator, /^\.\/(etc\/farrier\/|usr\/bin\/farrier(-coordinator)?$|usr\/lib\/farrier-coordinator\/|usr\/lib\/(systemd\/system|tmpfiles\.d|sysusers\.d)\/farrier-coordinator|usr\/share\/doc\/farrier-coordinator\/)/],
] as const)('%s.deb', (_name, built, own) => {
  test('holds its own files alone, all of them root’s, none writable by others', () => {
    const entries = contents(built());
    expect(entries.length).toBeGreaterThan(20);
    expect(entries.filter(({ owner }) => owner !== 'root/root')).toEqual([]);
    expect(entries.filter(({ mode }) => !/^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x)$/.test(mode))).toEqual([]);
    expect(entries.filter(({ mode, name }) => mode.startsWith('-') && !own.test(name))).toEqual([]);
    expect(entries.filter(({ name }) => /node_modules|\.ts$|\.map$|\.d\.ts/.test(name))).toEqual([]);
  });
});

test('the agent holds nothing that it is too lean for, and starts without what it seldom needs', () => {
  expect(agent.bundle.packages.filter((name) => NEVER_IN_AGENT.includes(name))).toEqual([]);
  // Proves that the list is not empty because nothing is seen.
  expect(agent.bundle.packages).toEqual(expect.arrayContaining(['@grpc/grpc-js', 'execa', 'systeminformation']));
  expect(agent.bundle.eagerPackages['agent']).toEqual([]);
  expect(coordinator.bundle.packages).toEqual(expect.arrayContaining(['nats', '@kubernetes/client-node']));
  for (const program of ['coordinator', 'farrier']) expect(coordinator.bundle.eagerPackages[program]).not.toEqual(expect.arrayContaining(['@kubernetes/client-node']));
});

test.each([
  ['agent', 'farrier-agent', 'agent.mjs', ['--version'], /^\d+\.\d+\.\d+$/],
  ['agent', 'farrier-agent', 'agent.mjs', ['status', '--state-dir', '/nonexistent'], /enroll/],
  ['coordinator', 'farrier-coordinator', 'coordinator.mjs', ['--version'], /^\d+\.\d+\.\d+$/],
  ['coordinator', 'farrier-coordinator', 'farrier.mjs', ['--version'], /^\d+\.\d+\.\d+$/],
  ['coordinator', 'farrier-coordinator', 'farrier.mjs', ['--socket', '/nonexistent', 'node', 'ls'], /nonexistent/],
] as const)('%s/%s %s %s runs on the Node that it brings, without the repository', (part, name, program, args, says) => {
  const home = programsOf(unpacked[part], name);
  let output = '';
  try {
    output = execFileSync(join(home, 'node'), [join(home, program), ...args], { cwd: '/', env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    output = `${stdout}${stderr}`;
  }
  expect(output.trim()).toMatch(says);
});

test('every file that a program loads on demand can be loaded, with the names that are asked of it', () => {
  const home = programsOf(unpacked.agent, 'farrier-agent');
  const config = mkdtempSync(join(folder, 'config-'));
  execFileSync('cp', [join(unpacked.agent, 'etc/farrier/agent.yaml'), config]);
  // Reads YAML, asks systemd and dpkg, and the machine's hardware: yaml, execa and systeminformation.
  const asked = execFileSync('sh', ['-c', '"$0" "$1" doctor --config-dir "$2" --state-dir "$2" 2>&1 || true', join(home, 'node'), join(home, 'agent.mjs'), config], { encoding: 'utf8' });
  expect(asked).toMatch(/^ok +host /m);
  expect(asked).not.toMatch(/is not a function|Cannot find/);
});

test('the example settings say nothing: they are all comments', () => {
  for (const [part, file] of [['agent', 'agent.yaml'], ['coordinator', 'coordinator.yaml']] as const) {
    const lines = readFileSync(join(unpacked[part], 'etc/farrier', file), 'utf8').split('\n');
    expect(lines.filter((line) => line.trim() !== '' && !line.startsWith('#'))).toEqual([]);
  }
});

test('no fault is built in, but for a package that says so in its name', async () => {
  const plain = textOf(programsOf(unpacked.agent, 'farrier-agent'));
  // Folded away while it is built: there is nothing left that could be switched on.
  expect(plain.length).toBeGreaterThan(1_000_000);
  expect(['MUTATION', ...MUTATIONS].filter((name) => plain.includes(name))).toEqual([]);
  const faulty = await builtPackage({ name: 'farrier-agent', outFolder: folder, mutation: 'no-journal-fsync' });
  expect(faulty.path).toMatch(/farrier-agent_[\d.]+\+mutation-no-journal-fsync_/);
  const tree = join(folder, 'faulty');
  execFileSync('dpkg-deb', ['--raw-extract', faulty.path, tree]);
  expect(textOf(programsOf(tree, 'farrier-agent')) === plain).toBe(false);
}, 60_000);

test('one tree gives one package, whatever the clock and the umask say', () => {
  const digests = [0o022, 0o077].map((umask, index) => {
    const tree = join(folder, `tree-${index}`);
    // Another order of making, other times.
    const script = `umask ${umask.toString(8)}; mkdir -p "$0/DEBIAN" "$0/usr/b" "$0/usr/a"; printf 'Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@localhost>\\nDescription: x\\n' > "$0/DEBIAN/control"; echo 1 > "$0/usr/${index === 0 ? 'a' : 'b'}/f"; echo 1 > "$0/usr/${index === 0 ? 'b' : 'a'}/f"; chmod 644 "$0"/usr/*/f "$0/DEBIAN/control"`;
    execFileSync('sh', ['-ec', script, tree]);
    const deb = join(folder, `${index}.deb`);
    makeDeb(tree, deb, 1_700_000_000, 'xz');
    return execFileSync('sha256sum', [deb], { encoding: 'utf8' }).split(' ')[0];
  });
  expect(digests[0]).toBe(digests[1]);
});

test('the agent’s package, as it is shipped, is small enough for a thin link', () => {
  // Level 1 takes a fifth of the time of the level that is shipped and is always larger; Node's part is measured once.
  const kept = join(cacheFolder('packages'), `node-${agent.runtime.sha256.slice(0, 16)}.xz-1-bytes`);
  if (!existsSync(kept)) writeFileSync(kept, String(xzBytes(agent.runtime.path)));
  const tar = join(folder, 'rest.tar');
  execFileSync('tar', ['-cf', tar, '--exclude=node', '-C', unpacked.agent, '.']);
  const nodeBytes = Number(readFileSync(kept, 'utf8'));
  expect(nodeBytes).toBeGreaterThan(10_000_000);
  expect(nodeBytes + xzBytes(tar)).toBeLessThan(AGENT_DEB_BYTES_MAX);
}, xzTimeoutMs);

test('maintainer scripts are plain sh', () => {
  for (const part of ['agent', 'coordinator'] as const) {
    for (const script of ['postinst', 'prerm', 'postrm']) {
      execFileSync('dash', ['-n', join(unpacked[part], 'DEBIAN', script)]);
      expect(readFileSync(join(unpacked[part], 'DEBIAN', script), 'utf8')).not.toContain('@VERSION@');
    }
  }
});

function xzBytes(path: string): number {
  const packed = join(folder, 'packed.xz');
  execFileSync('sh', ['-ec', 'xz -1 --stdout "$0" > "$1"', path, packed]);
  return statSync(packed).size;
}

function programsOf(tree: string, name: string): string {
  const [version = ''] = readdirSync(join(tree, 'usr/lib', name));
  return join(tree, 'usr/lib', name, version);
}
