// What `plan check --help` shows is what a person pastes.
import { expect, test } from 'vitest';

import { COMPOSED_STEPS, PROCEDURES_EXAMPLE, STEPS_EXAMPLE } from '../../../coordinator/cli/commands/plan-examples.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { PROCEDURE_NAMES, STEP_KEYS } from '../../../shared/plan/plan-schema.ts';

const HEAD = 'apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n';
const procedures = PROCEDURES_EXAMPLE.split(/\n {6}(?=\S)/u).slice(1);

test('every step stands there and has no mistake', () => {
  expect([...[...STEPS_EXAMPLE.matchAll(/^ {6}- (\w+):/gmu)].map(([, key]) => key), ...COMPOSED_STEPS].toSorted()).toEqual(STEP_KEYS.toSorted());
  expect(parsePlan(`${HEAD}    steps:${STEPS_EXAMPLE}\n`, 'p.yaml')).toMatchObject({ ok: true, warnings: [] });
});

test('every procedure stands there', () => {
  expect(procedures.map((text) => text.split(':')[0]).toSorted()).toEqual(PROCEDURE_NAMES.toSorted());
});

test.each(procedures)('%s has no mistake', (text) => {
  expect(parsePlan(`${HEAD}    procedure:\n      ${text}\n`, 'p.yaml')).toMatchObject({ ok: true, warnings: [] });
});
