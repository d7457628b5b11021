import { afterEach, beforeEach, expect, test } from 'vitest';

import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import type { ListAuditResponse__Output } from '../../../shared/wire/messages.ts';
import { call } from '../../support/call.ts';
import { ModelAgent } from '../../support/model-agent.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';

const PLAN = `
apiVersion: farrier/v1
kind: Plan
metadata: { name: pkg }
spec:
  maxUnavailable: 1
  steps:
    - packages: { install: { hello: "2.0" }, sources: [local] }
`;

let coordinator: RunningCoordinator;

beforeEach(async () => {
  coordinator = await RunningCoordinator.start();
});
afterEach(async () => await coordinator.destroy());

/** The newest entry: action, object, result and detail. */
async function last(): Promise<string> {
  const { entries } = await call<ListAuditResponse__Output>((done) => coordinator.admin.ListAudit({ last: 1 }, done));
  const [entry] = entries;
  return `${entry?.action}|${entry?.object}|${entry?.result.slice(0, 8)}|${entry?.detail}`;
}

test('the audit log tells why, and with which settings', async () => {
  const { admin } = coordinator;
  const token = await call<{ token: string; caHash: string; enrollAddress: string }>((done) => admin.CreateToken({ uses: 3, labels: { role: 'worker' }, zone: 'z1' }, done));
  expect(await last()).toMatch(/^token create\|.*\|ok\|uses=3 until \d{4}-.*Z role=worker zone=z1$/u);

  const csrPem = createCsr('ann', generateCertificateKey());
  await call((done) => admin.CreateOperator({ name: 'ann', role: 'ROLE_VIEWER', csrPem }, done));
  expect(await last()).toBe('operator create|ann|ok|viewer');

  const agent = await ModelAgent.enrolled('a', token);
  await call((done) => admin.StartRollout({ yaml: 'kind: Plan', file: 'bad.yaml' }, done));
  expect(await last()).toMatch(/^rollout start\|bad.yaml\|ok\|not started, the plan has mistakes; sha256:[0-9a-f]{64}$/u);
  const { rollout } = await call<{ rollout: string }>((done) => admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
  expect(await last()).toMatch(new RegExp(`^rollout start\\|plan.yaml\\|ok\\|${rollout} sha256:[0-9a-f]{64}$`, 'u'));

  for (const verb of ['pause', 'resume', 'abort']) {
    await call((done) => admin.SteerRollout({ rollout, steering: `STEERING_${verb.toUpperCase()}` as 'STEERING_PAUSE', why: `${verb} it` }, done));
    expect(await last()).toBe(`rollout steer|${verb} ${rollout}|ok|${verb} it`);
  }
  await call((done) => admin.ForgetNode({ node: 'a', why: 'it burned' }, done));
  expect(await last()).toBe('node forget|a|ok|it burned');
  await call((done) => admin.RemoveNode({ node: 'a', why: 'scrapped' }, done));
  expect(await last()).toBe('node remove|a|ok|scrapped');
  await agent.disconnect();
});
