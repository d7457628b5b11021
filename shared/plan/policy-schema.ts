import type { z } from 'zod';

import { DEFAULT_POLICY } from '../domain/policy.ts';
import { RECIPIENTS_MAX } from '../domain/snapshot-command.ts';
import { duration, share, wholeNumber } from './number-fields.ts';
import { recipient } from './recipient-field.ts';
import { list, section } from './section.ts';
import { exactly } from './text-fields.ts';

const { maxUnavailable, lostAfterMs, deferAfterMs, permitValidForMs, clockLimitMs, snapshots } = DEFAULT_POLICY;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;
const KEPT_MAX = 10_000;

/** A taker adds the prover's key to them. */
const RECIPIENT = recipient();
const kept = (count: number) => wholeNumber({ min: 0, max: KEPT_MAX }).default(count);

const snapshotSection = section({
  recipients: list(RECIPIENT, 'public keys, age1...', { min: 0, max: RECIPIENTS_MAX - 1 }).default([...snapshots.recipients]),
  takenWithin: duration({ min: MINUTE_MS, max: YEAR_MS }).default(snapshots.takenWithinMs),
  provedWithin: duration({ min: MINUTE_MS, max: YEAR_MS }).default(snapshots.provedWithinMs),
  restoredWithin: duration({ min: MINUTE_MS, max: YEAR_MS }).default(snapshots.restoredWithinMs),
  copyEvery: duration({ min: 5 * MINUTE_MS, max: YEAR_MS }).optional(),
  drillEvery: duration({ min: 60 * MINUTE_MS, max: YEAR_MS }).optional(),
  keep: section({
    newest: kept(snapshots.keep.newest),
    within: duration({ min: 0, max: YEAR_MS }).default(snapshots.keep.withinMs),
    hourly: kept(snapshots.keep.hourly),
    daily: kept(snapshots.keep.daily),
    weekly: kept(snapshots.keep.weekly),
  }).prefault({}),
});

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
  snapshots: snapshotSection.prefault({}),
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

export type SnapshotSpec = z.infer<typeof snapshotSection>;
