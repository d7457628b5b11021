import { describe, expect, test } from 'vitest';
import { eagerImportProblems, layerProblems, onePlaceProblems, purityProblems } from './layer-rules.ts';
import { readRepositoryFile, readTexts, repositoryFiles } from './repository.ts';

const sources = readTexts(repositoryFiles().filter((path) => path.endsWith('.ts')));

describe('this repository', () => {
  test('keeps its layers', () => {
    expect(sources.size).toBeGreaterThan(50);
    expect([...sources].flatMap(([path, text]) => layerProblems(path, text))).toEqual([]);
  });

  test('neither waits nor looks at a clock in a core', () => {
    expect([...sources].flatMap(([path, text]) => purityProblems(path, text))).toEqual([]);
  });

  test('starts an agent without the packages that it seldom needs', () => {
    expect(['agent/main.ts', 'agent/cli/run.ts'].flatMap((entry) => eagerImportProblems(entry, readRepositoryFile))).toEqual([]);
  });

  test('keeps nats in one file', () => {
    expect(onePlaceProblems('nats', new Map([...sources].filter(([path]) => !path.startsWith('test/'))))).toEqual([]);
  });
});

test.each([
  ['shared/domain/plan.ts', "import { z } from 'zod';"],
  ['shared/domain/plan.ts', "import { readFileSync } from 'node:fs';"],
  ['shared/domain/plan.ts', "import type { Clock } from '../ports/clock.ts';"],
  ['shared/trust/dsse.ts', "import { a } from '../../agent/main.ts';"],
  ['shared/trust/dsse.ts', "import type { A } from '../../coordinator/core/world.ts';"],
  ['agent/runner/journal.ts', "import type { A } from '../../coordinator/core/world.ts';"],
  ['coordinator/main.ts', "await import('../agent/main.ts');"],
  ['coordinator/main.ts', "import { fake } from '../test/support/fake.ts';"],
  ['coordinator/core/decide.ts', "import { createHash } from 'node:crypto';"],
  ['coordinator/core/decide.ts', "import { lt } from 'semver';"],
  ['coordinator/core/decide.ts', "import { now } from '../../shared/ports/system-clock.ts';"],
  ['coordinator/core/decide.ts', "import type { A } from '../adapters/sqlite-store.ts';"],
  ['agent/core/machine.ts', "import { encode } from '../../shared/wire/protocol.ts';"],
  ['agent/ports/packages.ts', "import { dpkg } from '../adapters/dpkg.ts';"],
  ['coordinator/gateway/session.ts', "import type { Hello } from '../../shared/wire/generated/farrier/v1/Hello.d.ts';"],
  ['agent/main.ts', "await import('nats');"],
  ['agent/adapters/link.ts', "import type { V1Node } from '@kubernetes/client-node';"],
])('%s may not say %s', (path, text) => {
  expect(layerProblems(path, text)).toHaveLength(1);
});

test.each([
  ['shared/domain/plan.ts', "import type { NodeName } from './ids.ts';"],
  ['coordinator/core/decide.ts', "import { share } from '../../shared/domain/resolve-share.ts';"],
  ['coordinator/core/decide.ts', "import type { Clock } from '../../shared/ports/clock.ts';"],
  ['agent/core/machine.ts', "import { MUTATION } from '../../shared/ports/mutation.ts';"],
  ['agent/core/machine.ts', "import type { AssignmentSpec } from '../../shared/wire/assignment-codec.ts';"],
  ['shared/wire/protocol.ts', "import type { Hello } from './generated/farrier/v1/Hello.d.ts';"],
  ['agent/main.ts', "import { farrier } from '../shared/wire/protocol.ts';"],
])('%s may say %s', (path, text) => {
  expect(layerProblems(path, text)).toEqual([]);
});

test.each(['async function decide() {}', 'const x = await y;', 'return new Promise(() => {});', 'Date.now()', 'new Date()', 'Date( )'])('a core may not say %s', (text) => {
  expect(purityProblems('coordinator/core/decide.ts', text)).not.toEqual([]);
  expect(purityProblems('coordinator/core/decide.ts', `// ${text}`)).toEqual([]);
  expect(purityProblems('coordinator/runtime/controller.ts', text)).toEqual([]);
});

test('a core may write out a time that it was given', () => {
  expect(purityProblems('coordinator/core/decide.ts', 'new Date(nowUnixMs).toISOString()')).toEqual([]);
});

test('a lazy package, and a lazy folder, is found at the end of a chain of static imports, not behind import()', () => {
  const files: Record<string, string> = {
    'agent/main.ts': "import { a } from './a.ts';\nimport type { B } from './b.ts';\nconst c = () => import('./c.ts');",
    'agent/a.ts': "import { execa } from 'execa';\nimport { take } from './snapshots/take.ts';",
    'agent/b.ts': "import 'systeminformation';",
    'agent/c.ts': "import '@peculiar/x509';",
  };
  expect(eagerImportProblems('agent/main.ts', (path) => files[path] ?? null)).toEqual([
    'agent/main.ts -> agent/a.ts loads execa at start: use import() where it is needed',
    'agent/main.ts -> agent/a.ts loads agent/snapshots/take.ts at start: use import() where it is needed',
  ]);
});

test('a second importer is found', () => {
  const one = new Map([['a.ts', "import { connect } from 'nats';"], ['b.ts', "import { x } from './a.ts';"]]);
  expect(onePlaceProblems('nats', one)).toEqual([]);
  expect(onePlaceProblems('nats', new Map([...one, ['c.ts', "import type { Msg } from 'nats';"]]))).toHaveLength(1);
});
