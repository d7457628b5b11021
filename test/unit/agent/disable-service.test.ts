import { describe, expect, test } from 'vitest';

import { serviceStep, type ServicePrior } from '../../../agent/steps/service.ts';
import type { ServiceSpec } from '../../../shared/domain/step-spec.ts';
import { type MemoryUnit, MemoryUnits } from '../../support/memory-units.ts';
import { hastyClock } from '../../support/runner-fakes.ts';
import { stepContext } from '../../support/step-context.ts';

const spec: ServiceSpec = { kind: 'service', name: 'off', timeoutMs: 60_000, unit: 'docker.service', action: 'disable', looks: 3, lookIntervalMs: 10 };
const DOCKER: Readonly<Record<string, MemoryUnit>> = {
  'docker.socket': { enabled: true, active: true },
  'docker.service': { enabled: true, active: true, triggers: ['docker.socket'], needers: ['docker.socket'] },
};

function lab(units: Readonly<Record<string, MemoryUnit>> = DOCKER) {
  const systemd = new MemoryUnits(units);
  let output = '';
  const step = serviceStep(systemd, hastyClock);
  const context = stepContext({ output: (text) => { output += text; } });
  const codeOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
  return {
    systemd,
    output: () => output,
    stage: async () => codeOf(await step.stage(spec, context)),
    check: async () => codeOf(await step.check(spec, context)),
    captured: async (): Promise<ServicePrior> => {
      const result = await step.capture(spec, context);
      if (!result.ok) throw new Error(result.outcome.message);
      // It goes through the journal.
      return JSON.parse(JSON.stringify(result.prior)) as ServicePrior;
    },
    apply: async (prior: ServicePrior) => codeOf(await step.apply(spec, prior, context)),
    verify: async (prior: ServicePrior) => codeOf(await step.verify(spec, prior, context)),
    revert: async (prior: ServicePrior) => codeOf(await step.revert(spec, prior, context)),
  };
}

test('what would start it again goes before it, and nothing comes back by itself', async () => {
  const { systemd, ...at } = lab();
  expect(await at.check()).toBe('needed');
  const prior = await at.captured();
  expect(await at.apply(prior)).toBe('ok');
  expect(systemd.asked).toEqual(['disable docker.socket', 'disable docker.service', 'stop docker.socket', 'stop docker.service']);
  expect(await at.verify(prior)).toBe('ok');
  expect(await at.check()).toBe('satisfied');
});

describe('going back brings each of them to what it was', () => {
  test.each<[string, Readonly<Record<string, MemoryUnit>>]>([
    ['all on', DOCKER],
    ['a socket that waits for the first call', { ...DOCKER, 'docker.service': { enabled: false, active: false, triggers: ['docker.socket'] } }],
    ['started by hand', { 'docker.socket': {}, 'docker.service': { active: true, triggers: ['docker.socket'] } }],
    ['for the next boot only', { 'docker.socket': { enabled: true }, 'docker.service': { enabled: true, triggers: ['docker.socket'] } }],
    ['without a socket', { 'docker.service': { enabled: true, active: true } }],
  ])('%s', async (_name, units) => {
    const { systemd, ...at } = lab(units);
    const before = systemd.states;
    const prior = await at.captured();
    expect(await at.apply(prior)).toBe('ok');
    expect(systemd.states).not.toEqual(before);
    expect(await at.revert(prior)).toBe('ok');
    expect(systemd.states).toEqual(before);
    systemd.asked.length = 0;
    expect(await at.revert(prior)).toBe('ok');
    expect(systemd.asked).toEqual([]);
  });

  test.each([0, 1, 2, 3, 4])('cut off after %i of the four calls', async (calls) => {
    const { systemd, ...at } = lab();
    const before = systemd.states;
    const prior = await at.captured();
    const order = [() => systemd.disable('docker.socket'), () => systemd.disable('docker.service'), () => systemd.stop('docker.socket'), () => systemd.stop('docker.service')];
    for (const call of order.slice(0, calls)) await call();
    // A boot may have come in between: what is disabled is down then.
    expect(await at.revert(prior)).toBe('ok');
    expect(systemd.states).toEqual(before);
  });

  test('what does not start again is told, with its own last words on the host', async () => {
    const { systemd, ...at } = lab();
    const prior = await at.captured();
    await at.apply(prior);
    systemd.says.set('start docker.service', 'Job for docker.service failed');
    expect(await at.revert(prior)).toBe('revert-failed');
    expect(at.output()).toContain('last lines of docker.service');
    systemd.says.clear();
    expect(await at.revert(prior)).toBe('ok');
  });

  test('a unit that is gone cannot be brought back', async () => {
    const { systemd, ...at } = lab();
    const prior = await at.captured();
    await at.apply(prior);
    systemd.remove('docker.socket');
    expect(await at.revert(prior)).toBe('unit-not-found');
  });
});

test('what another unit needs is left to a person, and nothing is touched', async () => {
  const { systemd, ...at } = lab({ ...DOCKER, 'docker.service': { enabled: true, active: true, triggers: ['docker.socket'], needers: ['docker.socket', 'kubelet.service'] } });
  expect(await at.stage()).toBe('not-allowed');
  expect(await at.check()).toBe('not-allowed');
  expect(systemd.asked).toEqual([]);
  // What is not there yet may come with packages.
  expect(await lab({}).stage()).toBe('ok');
  expect(await lab().stage()).toBe('ok');
});

test('a unit that is up again when it is looked at was not switched off', async () => {
  const { systemd, ...at } = lab();
  const prior = await at.captured();
  await at.apply(prior);
  await systemd.start('docker.service');
  expect(await at.verify(prior)).toBe('verify-failed');
  await systemd.stop('docker.service');
  await systemd.enable('docker.socket');
  expect(await at.verify(prior)).toBe('verify-failed');
});

test('a unit that systemd does not know is named', async () => {
  expect(await lab({}).check()).toBe('unit-not-found');
});

test('what systemd refuses is told', async () => {
  const { systemd, ...at } = lab();
  const prior = await at.captured();
  systemd.says.set('stop docker.socket', 'Failed to stop docker.socket');
  expect(await at.apply(prior)).toBe('apply-failed');
});
