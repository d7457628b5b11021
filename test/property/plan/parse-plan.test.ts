import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import type { ServiceSpec, StepSpec } from '../../../shared/domain/step-spec.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { parsePolicy } from '../../../shared/plan/parse-policy.ts';
import { formatPath, parsePath } from '../../../shared/plan/property-path.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';
import { arbitrarySteps } from '../../support/arbitrary-steps.ts';
import { writtenStep } from '../../support/written-step.ts';

const examples = ['containerd.yaml', 'every-mistake.yaml'].map((name) => readFileSync(new URL(`../../support/plans/${name}`, import.meta.url), 'utf8'));

/** An example with a few characters put in, taken out or doubled: nearly right, as people write it. */
const damaged = fc
  .tuple(fc.constantFrom(...examples), fc.array(fc.tuple(fc.nat(1200), fc.constantFrom('', '\n', '\t', ' ', ':', '-', '{', '}', '"', '*a', '&a ', '#', '0', '%', '!x ', '\u0000', '\ud800'), fc.nat(30)), { minLength: 1, maxLength: 4 }))
  .map(([text, damages]) => damages.reduce((sofar, [at, put, take]) => sofar.slice(0, at) + put + sofar.slice(at + take), text));

test('no text makes the parsers throw, and whatever they find lies in the file', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ maxLength: 300 })), (text) => {
      const lines = text.split(/\r?\n/);
      for (const parsed of [parsePlan(text, 'f'), parsePolicy(text, 'f', 1)]) {
        if (parsed.ok) continue;
        refused += 1;
        expect(parsed.diagnostics.filter(({ severity }) => severity === 'error')).not.toEqual([]);
        for (const { line, column, message } of parsed.diagnostics) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
          expect(message).not.toMatch(/[\p{Cc}]/u);
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(refused).toBeGreaterThan(400);
});

function written(steps: readonly StepSpec[]): string {
  // A plan upgrades the agent once.
  const firstAgent = steps.findIndex(({ kind }) => kind === 'agent_upgrade');
  const once = steps.filter(({ kind }, index) => kind !== 'agent_upgrade' || index === firstAgent);
  // What changes the kubelet's runtime leaves it stopped.
  const runtime = once.findLastIndex(({ kind }) => kind === 'kubelet_runtime');
  const isStarted = runtime === -1 || once.slice(runtime).some(({ kind }) => kind === 'kubelet');
  const all = [...once.map(writtenStep), ...(isStarted ? [] : [{ kubelet: { version: '1.34.2' } }])];
  return JSON.stringify({ apiVersion: 'farrier/v1', kind: 'Plan', metadata: { name: 'p' }, spec: { steps: all } });
}

test('whatever the parser takes, an agent takes; a restart after a change never lacks its guard', () => {
  let guarded = 0;
  let kubelets = 0;
  fc.assert(
    fc.property(arbitrarySteps, (steps) => {
      const parsed = parsePlan(written(steps), 'f');
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
      const compiled = parsed.plan.steps;
      expect(decodeSequence(encodeSequence(compiled))).toEqual({ ok: true, value: compiled });
      const firstChange = compiled.findIndex(({ kind }) => ['packages', 'files', 'sysctl', 'modules', 'hook', 'kubeadm'].includes(kind));
      const kubeletLater = compiled.some((step, index) => step.kind === 'kubelet' && step.action === 'restart' && firstChange !== -1 && index > firstChange);
      if (kubeletLater) {
        kubelets += 1;
        expect(compiled.slice(0, firstChange).filter((step) => step.kind === 'kubelet' && step.action === 'guard')).toHaveLength(1);
      }
      const restarts = compiled.filter((step, index): step is ServiceSpec => step.kind === 'service' && step.action === 'restart' && firstChange !== -1 && index > firstChange);
      for (const { unit } of restarts) {
        guarded += 1;
        const guards = compiled.flatMap((step, index) => (step.kind === 'service' && step.action === 'guard' && step.unit === unit ? [index] : []));
        expect(guards).toHaveLength(1);
        expect(guards[0]).toBeLessThan(firstChange);
      }
    }),
    { numRuns: 300 },
  );
  expect(guarded).toBeGreaterThan(0);
  expect(kubelets).toBeGreaterThan(0);
});

test('a path reads back', () => {
  const part = fc.oneof(fc.nat(99), fc.string({ minLength: 1, maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});
