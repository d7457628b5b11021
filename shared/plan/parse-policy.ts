import type { Diagnostic } from '../domain/diagnostic.ts';
import { DEFAULT_POLICY, type FleetPolicy, type SnapshotPolicy } from '../domain/policy.ts';
import { checkFile } from './check-file.ts';
import { durationOr, formatDuration } from './duration.ts';
import { entryOf } from './loose.ts';
import { policyFile, type SnapshotSpec } from './policy-schema.ts';
import type { Problem } from './problem.ts';
import { problem } from './problem.ts';

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: FleetPolicy; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Reads a policy and tells everything that is wrong with it at once. What it leaves out is as in DEFAULT_POLICY. */
export function parsePolicy(text: string, file: string, version: number): ParsedPolicy {
  const checked = checkFile(text, file, policyFile, crossCheck);
  if (!checked.ok) return checked;
  const { maxUnavailable, lostAfter, deferAfter, permitValidFor, clockLimit, snapshots } = checked.value.spec;
  const policy: FleetPolicy = { version, maxUnavailable, lostAfterMs: lostAfter, deferAfterMs: deferAfter, permitValidForMs: permitValidFor, clockLimitMs: clockLimit, snapshots: snapshotPolicy(snapshots) };
  return { ok: true, policy, warnings: checked.warnings };
}

function snapshotPolicy({ recipients, takenWithin, provedWithin, restoredWithin, copyEvery, drillEvery, keep: { within, ...keep } }: SnapshotSpec): SnapshotPolicy {
  return {
    recipients,
    ...{ takenWithinMs: takenWithin, provedWithinMs: provedWithin, restoredWithinMs: restoredWithin, copyEveryMs: copyEvery ?? null, drillEveryMs: drillEvery ?? null },
    keep: { ...keep, withinMs: within },
  };
}

/** A deferred node leaves the budget: one that is not even lost yet must not. */
function crossCheck(raw: unknown): readonly Problem[] {
  const spec = entryOf(raw, 'spec');
  const lostAfter = durationOr(DEFAULT_POLICY.lostAfterMs, entryOf(spec, 'lostAfter'));
  const deferAfter = durationOr(DEFAULT_POLICY.deferAfterMs, entryOf(spec, 'deferAfter'));
  if (lostAfter === null || deferAfter === null || deferAfter > lostAfter) return [];
  const key = entryOf(spec, 'deferAfter') === undefined ? 'lostAfter' : 'deferAfter';
  return [problem(['spec', key], 'conflict', `a node would be deferred (after ${formatDuration(deferAfter)}) before it counts as lost (after ${formatDuration(lostAfter)}); make deferAfter longer than lostAfter`)];
}
