import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { PermitQuestion } from '../../agent/core/admit-permit.ts';
import { ALLOW_ALL } from '../../agent/core/allow-list.ts';
import type { WorkMode, WorkUnits } from '../../agent/ports/work-units.ts';
import { acceptAssignment } from '../../agent/runner/accept-assignment.ts';
import { AssignmentFiles } from '../../agent/runner/assignment-files.ts';
import { type Host, journalFolder } from '../../agent/runner/host.ts';
import { JournalReader } from '../../agent/runner/journal-reader.ts';
import { recordPermit } from '../../agent/runner/record-permit.ts';
import { runWork, type WorkEnd } from '../../agent/runner/run-work.ts';
import { type Executors, STEP_OK, type StepExecutor, stepFailure, type StepResult } from '../../agent/steps/step.ts';
import type { Watchdog } from '../../agent/ports/watchdog.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { ServiceSpec, StepSpec } from '../../shared/domain/step-spec.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { signEnvelope, verifyEnvelope } from '../../shared/trust/dsse.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { ASSIGNMENT_TYPE, PERMIT_TYPE } from '../../shared/trust/payload-types.ts';
import { generateSigningKey, type SigningKey } from '../../shared/trust/signing-key.ts';
import { type AssignmentSpec, type EncodableAction, encodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { encodePermit, type PermitSpec } from '../../shared/wire/permit-codec.ts';
import { encodeSequence } from '../../shared/wire/sequence-codec.ts';
import { sameForEveryKind } from './same-executor.ts';
import { silentLogger } from './silent-logger.ts';

const FAR_MS = 1_000_000;

/** The agent's inside on a real folder, with steps that only count, and a coordinator's key to sign with. */
export class AgentBench {
  readonly stateDir = mkdtempSync(join(tmpdir(), 'farrier-bench-'));
  readonly key: SigningKey = generateSigningKey();
  /** Which keys this host believes. */
  trusted: readonly SigningKey[] = [this.key];
  nowMs = 5_000;
  /** What the steps did, in order; and which of them fail. */
  readonly did: string[] = [];
  failing = new Set<string>();
  /** What steps tell, by what they do. */
  readonly notes = new Map<string, string>();
  /** Names of steps that nothing goes back behind once they are applied, and of those that went past it while they failed. */
  noReturn = new Set<string>();
  crossed = new Set<string>();
  readonly armed = new Set<number>();
  /** What the fake systemd was asked. */
  readonly asked: string[] = [];
  runningGeneration: number | null = null;
  /** Real steps in place of those that only count. */
  own: Partial<Executors> = {};
  host: Host = {
    fleet: 'f', node: 'n', bootId: 'boot-1', stateDir: this.stateDir, allow: ALLOW_ALL,
    assignments: new AssignmentFiles(this.stateDir),
    journalFiles: { syncFile: () => undefined, syncFolder: () => undefined },
    clock: { monotonicMs: () => this.nowMs, wallUnixMs: () => this.nowMs, sleep: (ms) => delay(Math.min(ms, 20)) },
    random: systemRandom, logger: silentLogger,
    verify: (envelope, type) => verifyEnvelope(envelope, this.trusted, type),
  };
  readonly units: WorkUnits = {
    start: async (generation, mode) => { this.asked.push(`start ${generation} ${mode}`); return ''; },
    running: async () => this.runningGeneration,
    stop: async (generation) => { this.asked.push(`stop ${generation}`); this.runningGeneration = null; },
    kill: async (generation, but) => { this.asked.push(`kill ${generation} but ${but}`); this.runningGeneration = null; },
  };
  readonly watchdog: Watchdog = {
    arm: async (generation) => void this.armed.add(generation),
    disarm: async (generation) => void this.armed.delete(generation),
  };

  assignment(change: Partial<Omit<AssignmentSpec, 'action'>> & { readonly action?: EncodableAction; readonly key?: SigningKey } = {}): Envelope {
    const { key = this.key, ...rest } = change;
    const base = { fleet: 'f', node: 'n', rollout: 'r1', generation: 1, epoch: 1, ledgerSequence: 1, issuedUnixMs: 1, expiresUnixMs: this.nowMs + FAR_MS, onSilence: 'keep' as const, silenceMs: 0 };
    return signEnvelope(ASSIGNMENT_TYPE, encodeAssignment({ ...base, action: { kind: 'sequence', bytes: encodeSequence(twoSteps()) }, ...rest }), key);
  }

  permit(digest: string, change: Partial<PermitSpec> = {}): Envelope {
    const base = { fleet: 'f', node: 'n', rollout: 'r1', generation: 1, epoch: 1, ledgerSequence: 1, issuedUnixMs: 1, expiresUnixMs: this.nowMs + FAR_MS, requestId: 'q1', validForMs: 1_000 };
    return signEnvelope(PERMIT_TYPE, encodePermit({ ...base, digest, ...change }), this.key);
  }

  question(change: Partial<PermitQuestion> = {}): PermitQuestion {
    return { requestId: 'q1', generation: 1, bootId: 'boot-1', sentMonotonicMs: this.nowMs, ...change };
  }

  work(generation: number, mode: WorkMode, stop = new AbortController().signal): Promise<WorkEnd> {
    return runWork({ generation, mode }, this.host, this.#executors(), this.watchdog, stop, async () => undefined);
  }

  kinds(generation = 1): string {
    return this.#records().filter((record) => record.generation === generation).map(({ kind, step, outcome }) => `${kind}${step < 0 ? '' : step}${outcome === null || outcome.code === 'ok' ? '' : `:${outcome.code}`}`).join(' ');
  }

  /** The last one that was journaled. */
  outcome(): Outcome | null {
    return this.#records().findLast(({ outcome }) => outcome !== null && outcome.code !== 'ok')?.outcome ?? null;
  }

  /** What the last record says to a person. */
  told(): string {
    return this.#records().at(-1)?.outcome?.message ?? '';
  }

  digest(generation = 1): string {
    return this.#records().find((record) => record.generation === generation)?.digest ?? '';
  }

  #records() {
    return new JournalReader(journalFolder(this.stateDir), this.host.journalFiles).records;
  }

  #executors(): Executors {
    const act = async (what: string): Promise<StepResult> => {
      this.did.push(what);
      const note = this.notes.get(what);
      if (this.failing.has(what)) return stepFailure('apply-failed', `${what} fails`);
      return note === undefined ? STEP_OK : { ok: true, note };
    };
    const service: StepExecutor<ServiceSpec> = {
      kind: 'service',
      stage: ({ name }) => act(`stage ${name}`),
      check: async () => ({ ok: true, state: 'needed' }),
      capture: async () => ({ ok: true, prior: {} }),
      apply: ({ name }) => act(`apply ${name}`),
      verify: ({ name }) => act(`verify ${name}`),
      revert: ({ name }) => act(`revert ${name}`),
      canRevert: ({ name }) => act(`can revert ${name}`),
      pointOfNoReturn: ({ name }) => (this.noReturn.has(name) ? `${name} is migrated` : null),
      whenHeld: ({ name }) => act(`guard ${name}`),
      crossed: async ({ name }) => this.crossed.has(name),
    };
    return sameForEveryKind(service, this.own);
  }
}

export function twoSteps(): readonly StepSpec[] {
  return ['a', 'b'].map((name) => ({ kind: 'service', name, timeoutMs: 60_000, unit: `${name}.service`, action: 'restart', looks: 1, lookIntervalMs: 1 }));
}

type AssignmentChange = Parameters<AgentBench['assignment']>[0];

/** Generation 1 is accepted, and staged as far as it can be. */
export async function staged(bench: AgentBench, change: AssignmentChange = {}): Promise<void> {
  assert.equal((await acceptAssignment(bench.assignment(change), bench.host)).kind, 'accepted');
  await bench.work(1, 'stage');
}

export async function permitted(bench: AgentBench, change: AssignmentChange = {}): Promise<void> {
  await staged(bench, change);
  assert.equal((await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host)).kind, 'permitted');
}
