// What README shows is what a person pastes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { compileSnapshots } from '../../../agent/settings/compile-snapshots.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { parsePolicy } from '../../../shared/plan/parse-policy.ts';

const README = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');

function blocks(language: string): readonly string[] {
  return [...README.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, of, text]) => (of === language && text !== undefined ? [text] : []));
}

test.each(['Plan', 'FleetPolicy'] as const)('its %s has no mistake', (kind) => {
  const [text, ...others] = blocks('yaml').filter((block) => block.includes(`kind: ${kind}\n`));
  expect(others).toEqual([]);
  expect(kind === 'Plan' ? parsePlan(text ?? '', 'README.md') : parsePolicy(text ?? '', 'README.md', 1)).toMatchObject({ ok: true, warnings: [] });
});

/** Parts of files. Digests and keys are cut short for the reader. */
const PARTS = blocks('yaml').filter((block) => !block.includes('kind: ')).map((block) => block.replaceAll(/\b([0-9a-f]{4})\.\.\./g, (_, digits: string) => digits.repeat(16)).replaceAll(/\bage1\w+\.\.\./g, () => generateIdentity().recipient.text));
const OF_POLICIES = PARTS.filter((part) => part.startsWith('# policy.yaml\n'));
const OF_AGENTS = PARTS.filter((part) => part.startsWith('snapshots:\n'));
/** What stands below `spec` of a plan: a procedure, steps, or entries of steps. */
const OF_PLANS = PARTS.filter((part) => !OF_POLICIES.includes(part) && !OF_AGENTS.includes(part));

test.each(OF_PLANS)('%s has no mistake', (part) => {
  const spec = part.startsWith('    - ') ? `  steps:\n${part}` : part;
  expect(parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n${spec}`, 'README.md')).toMatchObject({ ok: true, warnings: [] });
});

test.each(OF_POLICIES)('%s has no mistake', (part) => {
  expect(parsePolicy(`apiVersion: farrier/v1\nkind: FleetPolicy\n${part}`, 'README.md', 1)).toMatchObject({ ok: true, warnings: [] });
});

test.each(OF_AGENTS)('%s has no mistake', (part) => {
  expect(compileSnapshots((parse(part) as { readonly snapshots: unknown }).snapshots).messages).toEqual([]);
});

test('no line of its commands is a pipeline', () => {
  const lines = blocks('').flatMap((block) => block.split('\n'));
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((line) => / \| /.test(line.replace(/#.*/, '')))).toEqual([]);
});
