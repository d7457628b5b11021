// What `plan check --help` shows is what a person pastes.
import { expect, test } from 'vitest';
import { z } from 'zod';

import { COMPOSED_STEPS, PROCEDURES_EXAMPLE, STEPS_EXAMPLE } from '../../../coordinator/cli/commands/plan-examples.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { PROCEDURE_NAMES, procedureSection, STEP_KEYS, stepSection } from '../../../shared/plan/plan-schema.ts';

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

const steps = new Map([...STEPS_EXAMPLE.matchAll(/^ {6}- (\w+):[^]*?(?=\n {6}- |$(?![^]))/gmu)].map(([text, key]) => [key ?? '', text]));

/** All that can be written in a section, and in those below it. */
function keysOf(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return keysOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return keysOf(schema.element);
  return schema instanceof z.ZodObject ? Object.entries(schema.shape).flatMap(([key, below]) => [key, ...keysOf(below)]) : [];
}

/** What a text does not name, nor the steps that it says it is as. */
function missing(schema: unknown, text: string): readonly string[] {
  const referred = [...text.matchAll(/\bas (\w+)/gu)].map(([, key]) => steps.get(key ?? '') ?? '');
  const words = new Set([text, ...referred, 'timeout'].join('\n').match(/[\w-]+/gu));
  return keysOf(schema).filter((key) => !words.has(key));
}

const sectionOf = (shape: object, name: string): unknown => Object.entries(shape).find(([key]) => key === name)?.[1];

test.each(STEP_KEYS.filter((key) => !COMPOSED_STEPS.includes(key)))('%s stands there with all of its keys', (key) => {
  const schema = sectionOf(stepSection.shape, key);
  expect(keysOf(schema)).not.toEqual([]);
  expect(missing(schema, steps.get(key) ?? '')).toEqual([]);
});

test.each(procedures.map((text) => [text.split(':')[0] ?? '', text]))('%s names all of its keys, or the steps that have them', (name, text) => {
  const schema = sectionOf(procedureSection.shape, name);
  expect(keysOf(schema)).not.toEqual([]);
  expect(missing(schema, text)).toEqual([]);
});
