import type { StartDatastoreSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { holdDatastore, releaseDatastore } from './hold-datastore.ts';
import { whatClusterLacks } from './look-at-cluster.ts';
import { LAST_WORDS_MS, LOOK_EVERY_MS, type RestoreParts } from './restore-parts.ts';
import { fittingSetup, readExpected } from './stage-snapshot.ts';
import { tellsWatchers } from './restore-datastore.ts';

/**
 * The second barrier: no API server starts before every member is up on what was restored, as this host itself sees it. A host
 * that does not see that in time goes back to its old data, and with it the cluster: at most one of the two has a quorum.
 */
export function startDatastoreStep(parts: RestoreParts): StepExecutor<StartDatastoreSpec, null> {
  return {
    kind: 'start_datastore',
    stage: async () => STEP_OK,
    check: async () => ({ ok: true, state: 'needed' }),
    capture: async () => ({ ok: true, prior: null }),
    apply: async (spec, _prior, context) => {
      const setup = await fittingSetup(parts, spec, context);
      return 'name' in setup ? releaseDatastore(parts, setup, context) : setup;
    },
    verify: (spec, _prior, context) => untilWhole(parts, spec, context),
    revert: async (spec, _prior, context) => {
      const setup = await fittingSetup(parts, spec, context);
      return 'name' in setup ? holdDatastore(parts, setup, spec.timeoutMs, context) : setup;
    },
    canRevert: async () => STEP_OK,
    crossed: (spec, _prior, context) => isServed(parts, spec, context),
  };
}

async function untilWhole(parts: RestoreParts, spec: StartDatastoreSpec, context: StepContext): Promise<StepResult> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  const restored = context.earlier.findLast((step) => step.spec.kind === 'restore_datastore');
  if (restored?.spec.kind !== 'restore_datastore') throw new Error('a datastore is started that no earlier step restored');
  const expected = { ...(await readExpected(restored.folder)), isRaised: tellsWatchers(restored.spec) };
  const deadlineMs = parts.clock.monotonicMs() + spec.timeoutMs - LAST_WORDS_MS;
  for (;;) {
    const lacking = await whatClusterLacks(parts, setup, spec.members, expected, context.signal);
    if (lacking === '') return STEP_OK;
    if (parts.clock.monotonicMs() >= deadlineMs) return stepFailure('members-missing', `the restored cluster did not become whole: ${lacking}`, setup.name);
    await parts.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}

/**
 * Another host saw the cluster whole and went on: an API server is ready while the restored cluster has a quorum. No two clusters
 * of the same hosts have one at a time, so that it is this one that is served.
 */
async function isServed(parts: RestoreParts, spec: StartDatastoreSpec, context: StepContext): Promise<boolean> {
  const { signal } = context;
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return false;
  const read = await parts.memberAt(setup.place).keys({ prefix: '', limit: 0, revision: 0, serializable: false }, signal);
  if (!read.ok) return false;
  return (await Promise.all(spec.apiServers.map((url) => parts.endpoints.isReady(url, signal)))).includes(true);
}
