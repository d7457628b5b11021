import { ApiError } from '../../../coordinator/api/api-error.ts';
import { steer } from '../../../coordinator/api/steer-rollout.ts';
import { decide } from '../../../coordinator/core/decide.ts';
import { type DrainAnswer, NOBODYS } from '../../../coordinator/core/draining.ts';
import { explainNode } from '../../../coordinator/core/explain.ts';
import { evolveLedger } from '../../../coordinator/core/ledger.ts';
import { emptyNodeJournal, evolveNodeJournal } from '../../../coordinator/core/node-journal.ts';
import type { RolloutEventBody } from '../../../coordinator/core/rollout-event.ts';
import { foldRollout } from '../../../coordinator/core/rollout.ts';
import { showRollout } from '../../../coordinator/core/show-rollout.ts';
import type { NodeView, Session, World } from '../../../coordinator/core/world.ts';
import { type JournalRecord, type RecordKind, WHOLE_SEQUENCE } from '../../../shared/domain/journal-record.ts';
import { isOutcomeCode, type OutcomeCode } from '../../../shared/domain/outcome.ts';
import { applyDecisions } from '../../support/apply-decisions.ts';
import { decisionLines } from '../../support/decision-lines.ts';
import { aFrozen, aHello, aPlan, aView, aWorld, later, NOW } from '../../support/world-builder.ts';

const ROUNDS_MAX = 20;
const JOURNAL = 'journal';

/** A fleet on a stage: lines of a transcript move it, and what is decided is what they answer. */
export class Stage {
  #world: World = aWorld({ nodes: [] });
  #now = NOW;
  #backup: World | null = null;
  /** The hosts' own journals, which no restore of the store touches. */
  readonly #journals = new Map<string, JournalRecord[]>();
  #requests = 0;

  /** Carries one line out. @returns what was decided because of it, or what it asked for. */
  play(line: string): readonly string[] {
    const [verb = '', ...words] = line.split(/\s+/);
    const asked = this.#ask(verb, words);
    if (asked !== null) return asked;
    try {
      this.#act(verb, words);
    } catch (error) {
      if (error instanceof ApiError) return [`refused: ${error.message}`];
      throw error;
    }
    return this.#settle();
  }

  #ask(verb: string, [name = '']: readonly string[]): readonly string[] | null {
    if (verb === 'why') return explainNode(this.#world, this.#now, name).map(({ reason, message, blockingObject }) => `${reason} (${blockingObject}): ${message}`);
    if (verb !== 'show') return null;
    const shown = showRollout(this.#world, this.#now, this.#rollout(name));
    const nodes = shown.nodes.map(({ node, phase, step, reason }) => `  ${[node, phase, step, reason].filter((word) => word !== '').join(' ')}`);
    return [`${shown.status}${shown.reason === '' ? '' : ` ${shown.reason}`}, ${shown.unavailable} of ${shown.budget} unavailable, ${shown.outstanding} outstanding`, ...nodes];
  }

  #act(verb: string, words: readonly string[]): void {
    const [name = '', ...rest] = words;
    switch (verb) {
      case 'nodes':
        for (const node of words) this.#view(node, aView(node, { session: { state: 'silent', sinceMonotonicMs: this.#now.monotonicMs } }), emptyNodeJournal());
        return;
      case 'limit':
        return this.#limit(Number(name));
      case 'start':
        return this.#append(name, { type: 'started', frozen: frozenOf(name, rest), by: 'ann' });
      case 'connect':
        for (const node of words) this.#connect(node);
        return;
      case 'lose':
        for (const node of words) this.#lose(node);
        return;
      case 'report':
        for (const kind of rest) this.#report(name, kind);
        return;
      case 'cluster':
        return this.#answer(name, rest);
      case 'ask':
        return this.#request(name);
      case 'wait':
        this.#now = later(this.#now, Number(name.replace(/s$/u, '')) * 1_000);
        return;
      case 'pause':
      case 'resume':
      case 'abort':
      case 'rollback':
        return this.#steer(verb, name);
      case 'forget':
        return this.#forget(name);
      case 'backup':
        this.#backup = this.#world;
        return;
      case 'restore':
        return this.#restart(this.#backup ?? this.#world);
      case 'restart':
        return this.#restart(this.#world);
      default:
        throw new Error(`a transcript knows no ${verb}`);
    }
  }

  #settle(): readonly string[] {
    const lines: string[] = [];
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const decisions = decide(this.#world, this.#now);
      const { world, appended } = applyDecisions(this.#world, this.#now, decisions);
      lines.push(...decisionLines(decisions).filter((line) => !lines.includes(line)));
      this.#world = world;
      if (!appended) return lines;
    }
    throw new Error('decisions did not settle');
  }

  #connect(node: string): void {
    const records = this.#journals.get(node) ?? [];
    const highest = (key: 'generation' | 'epoch'): number => records.reduce((most, record) => Math.max(most, record[key]), 0);
    const hello = aHello({ journalId: JOURNAL, journalSequence: records.length, highestGeneration: highest('generation'), highestEpoch: highest('epoch') });
    this.#session(node, { state: 'connected', sinceMonotonicMs: this.#now.monotonicMs, reported: true, hello });
    for (const record of records) this.#fold(node, record);
  }

  #lose(node: string): void {
    const { session } = this.#known(node);
    if (session.state === 'connected') this.#session(node, { state: 'lost', sinceMonotonicMs: this.#now.monotonicMs, hello: session.hello });
  }

  /** `accepted`, `staged`, `permit`, `begin`, `done`, `reverted`, `reverting`, or a code with which it refuses. */
  #report(node: string, word: string): void {
    const records = this.#journals.get(node) ?? [];
    const owner = [...this.#world.rollouts.values()].find((rollout) => rollout.nodes.get(node)?.state === 'assigned');
    const assignment = owner?.nodes.get(node);
    const last = records.at(-1);
    const { rollout, generation, digest } = owner !== undefined && assignment?.state === 'assigned' ? { rollout: owner.id, ...assignment } : (last ?? fail(`${node} has nothing to report`));
    const code: OutcomeCode = isOutcomeCode(word) ? word : 'ok';
    const kind: RecordKind = isOutcomeCode(word) ? 'refused' : word === 'staged' ? 'stage' : (word as RecordKind);
    const step = kind === 'begin' || kind === 'reverting' ? 0 : WHOLE_SEQUENCE;
    const record: JournalRecord = {
      ...{ format: 1, journalId: JOURNAL, sequence: records.length + 1, kind, rollout, generation, epoch: this.#world.epoch, digest, step, attempt: 1 },
      ...{ stepName: step === 0 ? 'packages' : '', payloadDigest: '', bootId: 'boot', monotonicMs: 0, wallUnixMs: this.#now.wallUnixMs },
      outcome: { code: kind === 'reverted' ? 'verify-failed' : code, message: '', object: '' },
    };
    this.#journals.set(node, [...records, record]);
    if (this.#known(node).session.state === 'connected') this.#fold(node, record);
  }

  /** What the cluster did and said: `cordoned`, `drained`, `leaving POD`, `blocked POD BUDGET`, `restored`, `unreachable`. */
  #answer(node: string, [state = '', pod = '', budget = '']: readonly string[]): void {
    const { generation, rollout } = this.#world.ledger.slots.get(node) ?? { generation: NOBODYS, rollout: '' };
    const cordons = new Map(this.#world.cordons);
    if (state === 'cordoned') cordons.set(node, { fleet: this.#world.fleet, rollout, epoch: this.#world.epoch });
    if (state === 'restored') cordons.delete(node);
    this.#world = { ...this.#world, cordons };
    const before = this.#known(node).drain;
    const sinceMonotonicMs = before?.generation === generation ? before.sinceMonotonicMs : this.#now.monotonicMs;
    this.#change(node, { drain: { generation, sinceMonotonicMs, last: answerOf(state, pod, budget) } });
  }

  #request(node: string): void {
    const owner = [...this.#world.rollouts.values()].find((rollout) => rollout.nodes.get(node)?.state === 'assigned');
    const assignment = owner?.nodes.get(node);
    if (owner === undefined || assignment?.state !== 'assigned') throw new Error(`${node} has nothing to ask for`);
    const { generation, digest } = assignment;
    this.#requests += 1;
    this.#change(node, { permitRequest: { requestId: `q${this.#requests}`, rollout: owner.id, generation, digest, bootId: 'boot' } });
  }

  #steer(verb: string, id: string): void {
    const event = steer(this.#world, this.#rollout(id), `STEERING_${verb.toUpperCase()}`, 'ann', 'because');
    if (event !== null) this.#append(id, event);
  }

  #forget(node: string): void {
    const { ledger, epoch } = this.#world;
    this.#world = { ...this.#world, ledger: evolveLedger(ledger, ledger.sequence + 1, { type: 'slot-forgotten', epoch, node, by: 'ann', why: 'scrapped' }) };
  }

  /** A new leader: the logs as they are stored, and nobody has said a word yet. */
  #restart(stored: World): void {
    const epoch = Math.max(this.#world.epoch, stored.epoch) + 1;
    const ledger = evolveLedger(stored.ledger, stored.ledger.sequence + 1, { type: 'leader', epoch, holder: 'b', wallUnixMs: this.#now.wallUnixMs });
    const session: Session = { state: 'silent', sinceMonotonicMs: this.#now.monotonicMs };
    const nodes = new Map([...stored.nodes].map(([name, view]) => [name, { ...view, session, permitRequest: null, drain: null }]));
    // What stands in clusters, no restore of the store touches.
    this.#world = { ...stored, epoch, ledger, nodes, cordons: this.#world.cordons ?? new Map() };
  }

  #limit(value: number): void {
    const maxUnavailable = { ...this.#world.policy.maxUnavailable, fleet: { unit: 'nodes', value } as const };
    this.#world = { ...this.#world, policy: { ...this.#world.policy, maxUnavailable } };
  }

  #append(id: string, body: RolloutEventBody): void {
    const before = this.#world.rollouts.get(id) ?? null;
    const after = foldRollout(id, before, (before?.sequence ?? 0) + 1, [{ ...body, wallUnixMs: this.#now.wallUnixMs }]);
    this.#world = { ...this.#world, rollouts: new Map(this.#world.rollouts).set(id, after) };
  }

  #fold(node: string, record: JournalRecord): void {
    const journal = evolveNodeJournal(this.#known(node).journal, { type: 'report', record, receivedUnixMs: this.#now.wallUnixMs });
    this.#change(node, { journal });
  }

  #session(node: string, session: Session): void {
    this.#change(node, { session, permitRequest: null });
  }

  #change(node: string, change: Partial<NodeView>): void {
    const view = this.#known(node);
    this.#view(node, { ...view, ...change }, change.journal ?? view.journal);
  }

  #view(node: string, view: NodeView, journal: NodeView['journal']): void {
    this.#world = { ...this.#world, nodes: new Map(this.#world.nodes).set(node, { ...view, journal }) };
  }

  #known(node: string): NodeView {
    return this.#world.nodes.get(node) ?? fail(`no node ${node}`);
  }

  #rollout(id: string) {
    return this.#world.rollouts.get(id) ?? fail(`no rollout ${id}`);
  }
}

/** `n1 | n2 n3 max=2 failures=1 done=50 soak=60 onFailure=rollback drain=yes` */
function frozenOf(id: string, words: readonly string[]) {
  const settings = new Map(words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]));
  const waves = words.filter((word) => !word.includes('=')).join(' ').split('|').map((wave) => wave.trim().split(' '));
  const number = (key: string, otherwise: number): number => Number(settings.get(key) ?? otherwise);
  const onFailure = settings.get('onFailure') === 'rollback' ? 'rollback' : 'pause';
  const plan = aPlan({ maxFailures: number('failures', 0), minDonePercent: number('done', 90), onFailure });
  return aFrozen(id, waves, { plan, maxUnavailable: number('max', 1), soakMs: number('soak', 0) * 1_000, drained: settings.get('drain') === 'yes' ? waves.flat() : [] });
}

function answerOf(state: string, pod: string, budget: string): DrainAnswer {
  switch (state) {
    case 'cordoned':
    case 'drained':
    case 'restored':
      return { ok: true, state };
    case 'leaving':
      return { ok: true, state, pods: [pod] };
    case 'blocked':
      return { ok: true, state, pods: [], blocks: [{ pod, code: 'budget', budget, message: 'it can lose none now' }] };
    case 'unreachable':
      return { ok: false, code: 'api-unreachable', message: 'connect ECONNREFUSED', object: '' };
    default:
      throw new Error(`a cluster answers no ${state}`);
  }
}

function fail(message: string): never {
  throw new Error(message);
}
