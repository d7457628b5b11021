import { DEFAULT_POLICY } from '../domain/policy.ts';
import { duration, share } from './number-fields.ts';
import { section } from './section.ts';
import { exactly } from './text-fields.ts';

const { maxUnavailable, lostAfterMs, deferAfterMs, permitValidForMs, clockLimitMs } = DEFAULT_POLICY;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const spec = section({
  maxUnavailable: section({
    fleet: share().default(maxUnavailable.fleet),
    perCluster: share().default(maxUnavailable.perCluster),
    perZone: share().default(maxUnavailable.perZone),
  }).default(maxUnavailable),
  lostAfter: duration({ min: 5000, max: 60 * MINUTE_MS }).default(lostAfterMs),
  deferAfter: duration({ min: MINUTE_MS, max: 30 * DAY_MS }).default(deferAfterMs),
  permitValidFor: duration({ min: 5000, max: 10 * MINUTE_MS }).default(permitValidForMs),
  clockLimit: duration({ min: 1000, max: 60 * MINUTE_MS }).default(clockLimitMs),
});

const belowSpec = Object.fromEntries(Object.keys(spec.shape).map((key) => [key, 'spec']));

export const policyFile = section(
  {
    apiVersion: exactly('farrier/v1'),
    kind: exactly('FleetPolicy', { Plan: 'a plan is checked with `farrier plan check` and started with `farrier rollout start`' }),
    spec,
  },
  belowSpec,
);
