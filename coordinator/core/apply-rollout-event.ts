import type { NodeName, RolloutId, WaveName } from '../../shared/domain/ids.ts';
import { applyNodeEvent } from './apply-node-event.ts';
import type { RolloutEvent } from './rollout-event.ts';
import type { RolloutNode, RolloutState, RolloutStatus, WaveState } from './rollout.ts';

/** A state that is being folded: its maps are its own. */
export type RolloutDraft = {
  -readonly [Key in keyof RolloutState]: Key extends 'nodes' ? Map<NodeName, RolloutNode> : Key extends 'waves' ? Map<WaveName, WaveState> : RolloutState[Key];
};

type Started = Extract<RolloutEvent, { readonly type: 'started' }>;

/** What logs that were begun before plans had procedures, or drains, do not say. */
const NOT_YET_SAID = { controlPlanes: {}, satisfied: [], noReturn: [], drained: [], chain: null } as const;

export function startRollout(id: RolloutId, sequence: number, event: Started): RolloutState {
  const { by, wallUnixMs } = event;
  const frozen = { ...NOT_YET_SAID, ...event.frozen };
  const waiting = { state: 'waiting', generation: 0, returns: 0, returned: null, sinceUnixMs: wallUnixMs } as const;
  return {
    id,
    sequence,
    frozen,
    startedBy: by,
    startedUnixMs: wallUnixMs,
    failures: 0,
    failuresSeen: 0,
    status: { state: 'running' },
    nodes: new Map(frozen.waves.flatMap((wave) => wave.nodes.map((node) => [node, waiting] as const))),
    waves: new Map(frozen.waves.map((wave) => [wave.name, { state: 'closed' } as const])),
  };
}

/** Changes the draft by one event. @throws where the event is illegal in the draft's state. */
export function applyRolloutEvent(draft: RolloutDraft, event: RolloutEvent): void {
  switch (event.type) {
    case 'started':
      throw illegal(draft, event);
    case 'wave-opened':
      return openWave(draft, event.wave, event.wallUnixMs);
    case 'wave-completed':
      return completeWave(draft, event.wave, event.wallUnixMs);
    case 'paused':
    case 'resumed':
    case 'aborted':
    case 'rollback-asked':
    case 'rollback-started':
    case 'ended':
      draft.status = nextStatus(draft, event);
      if (event.type === 'resumed') draft.failuresSeen = draft.failures;
      return;
    default:
      return applyNodeEvent(draft, event);
  }
}

type StatusEvent = Extract<RolloutEvent, { readonly type: 'paused' | 'resumed' | 'aborted' | 'rollback-asked' | 'rollback-started' | 'ended' }>;

function nextStatus(draft: RolloutDraft, event: StatusEvent): RolloutStatus {
  const from = draft.status;
  switch (event.type) {
    case 'paused':
      if (from.state !== 'running') throw illegal(draft, event);
      return { state: 'paused', by: event.by, reason: event.reason, detail: event.detail, sinceUnixMs: event.wallUnixMs };
    case 'resumed':
      if (from.state !== 'paused') throw illegal(draft, event);
      return { state: 'running' };
    case 'aborted':
      if (from.state === 'ended' || from.state === 'aborting') throw illegal(draft, event);
      return { state: 'aborting', by: event.by, why: event.why };
    case 'rollback-asked':
      if (!canRollBack(draft)) throw illegal(draft, event);
      return { state: 'rolling-back', by: event.by, why: event.why, rollback: null };
    case 'rollback-started':
      if (from.state !== 'rolling-back' || from.rollback !== null) throw illegal(draft, event);
      return { ...from, rollback: event.rollback };
    case 'ended':
      if (!ENDS[from.state].includes(event.status)) throw illegal(draft, event);
      return { state: 'ended', status: event.status, atUnixMs: event.wallUnixMs };
  }
}

const ENDS: Readonly<Record<RolloutStatus['state'], readonly string[]>> = {
  running: ['completed', 'failed'],
  paused: [],
  aborting: ['aborted'],
  'rolling-back': ['rolled-back'],
  ended: [],
};

/** What is over can still be brought back, once. A rollback cannot: going forward again is a rollout of its own. */
export function canRollBack({ status, frozen }: Pick<RolloutState, 'status' | 'frozen'>): boolean {
  if (frozen.rollbackOf !== null || status.state === 'rolling-back') return false;
  return status.state !== 'ended' || status.status !== 'rolled-back';
}

/** I3: the order of waves is also a property of the log. */
function openWave(draft: RolloutDraft, name: WaveName, wallUnixMs: number): void {
  const index = draft.frozen.waves.findIndex((wave) => wave.name === name);
  const before = draft.frozen.waves[index - 1];
  const isTurn = before === undefined || draft.waves.get(before.name)?.state === 'complete';
  if (draft.waves.get(name)?.state !== 'closed' || !isTurn) throw new Error(`wave ${name} of rollout ${draft.id} cannot open`);
  draft.waves.set(name, { state: 'open', sinceUnixMs: wallUnixMs });
}

function completeWave(draft: RolloutDraft, name: WaveName, wallUnixMs: number): void {
  if (draft.waves.get(name)?.state !== 'open') throw new Error(`wave ${name} of rollout ${draft.id} is not open`);
  draft.waves.set(name, { state: 'complete', atUnixMs: wallUnixMs });
}

function illegal(draft: RolloutDraft, event: RolloutEvent): Error {
  return new Error(`${event.type} is illegal in rollout ${draft.id}, which is ${draft.status.state}`);
}
