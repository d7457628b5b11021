import type { Epoch } from '../../../shared/domain/ids.ts';
import type { Outcome } from '../../../shared/domain/journal-record.ts';
import type { SnapshotCommandId, SnapshotProgress } from '../../../shared/domain/snapshot-command.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { Envelope } from '../../../shared/trust/envelope.ts';
import { SNAPSHOT_COMMAND_TYPE } from '../../../shared/trust/payload-types.ts';
import type { AgentMessage } from '../../../shared/wire/messages.ts';
import { decodeSnapshotCommand } from '../../../shared/wire/snapshot-command-codec.ts';
import { toCatalogueMessage, toOutcomeMessage } from '../../../shared/wire/snapshot-report-codec.ts';
import { admitSnapshotCommand } from '../../core/admit-snapshot-command.ts';
import { unverified } from '../../core/unverified.ts';
import type { Host } from '../../runner/host.ts';
import type { CommandFolder, RememberedCommand } from './command-folder.ts';

/** A unit that died without a word was killed, or its host was: once more, and then somebody has to know. */
const STARTS_MAX = 2;
/** What changed on the host is told this soon. */
const LOOK_EVERY_MS = 500;
/** Asking systemd starts a process each time. */
const DRIVE_EVERY_LOOKS = 4;

export interface SnapshotDutyParts {
  readonly host: Pick<Host, 'fleet' | 'node' | 'clock' | 'logger' | 'verify'>;
  readonly commands: CommandFolder;
  /** Has a command carried out in a unit of its own. @returns '' where it was started, `running` where another one runs, else what systemd said */
  readonly start: (id: SnapshotCommandId) => Promise<string>;
  readonly isRunning: () => Promise<boolean>;
  readonly catalogue: SnapshotsHere;
  /** What the unit that runs now is doing, and for whom; null where none says so. */
  readonly doing: () => SnapshotProgress | null;
  /** That the journal has seen: whoever was deposed there commands no snapshot either. */
  readonly journalEpoch: () => Epoch;
}

/** What lies on this host. */
export interface SnapshotsHere {
  /** Another text whenever it changed. */
  state(): Promise<string>;
  records(): Promise<readonly SnapshotRecord[]>;
}

/** What an agent does about snapshots: it takes orders, has units carry them out, and tells what lies here. */
export class SnapshotDuty {
  readonly #parts: SnapshotDutyParts;
  #epoch: Epoch = 0;
  #driving: Promise<void> | null = null;

  constructor(parts: SnapshotDutyParts) {
    this.#parts = parts;
  }

  /** Before the first hello. */
  async open(): Promise<void> {
    this.#epoch = await this.#parts.commands.highestEpoch();
  }

  get highestEpoch(): Epoch {
    return this.#epoch;
  }

  /** Idempotent. @returns why it was not taken; null where it was */
  async accept(envelope: Envelope): Promise<Outcome | null> {
    const { host, commands, journalEpoch } = this.#parts;
    const verified = host.verify(envelope, SNAPSHOT_COMMAND_TYPE);
    if (!verified.ok) return unverified(verified.message);
    const remembered = await commands.commands();
    const view = { fleet: host.fleet, node: host.node, nowUnixMs: host.clock.wallUnixMs(), highestEpoch: Math.max(this.#epoch, journalEpoch()), known: new Set(remembered.map(({ id }) => id)) };
    const admission = admitSnapshotCommand(decodeSnapshotCommand(verified.payload), view);
    if (admission.kind === 'refuse') return admission.outcome;
    const { command } = admission;
    // First, and also by an order that is known: a newer leader sends again what an older one gave.
    if (command.epoch > this.#epoch) await commands.fence(command.epoch);
    this.#epoch = Math.max(this.#epoch, command.epoch);
    if (admission.kind === 'accept') {
      await commands.remember({ id: command.id, receivedUnixMs: view.nowUnixMs, starts: 0, envelope });
      host.logger.info('snapshot command accepted', { command: command.id, action: command.action.kind });
    }
    await this.drive();
    return null;
  }

  async acknowledged(id: SnapshotCommandId): Promise<void> {
    await this.#parts.commands.acknowledge(id);
  }

  /** Starts a unit for what is not over and has none: after an order, a crash or a reboot alike. */
  async drive(): Promise<void> {
    this.#driving ??= this.#drive().finally(() => (this.#driving = null));
    await this.#driving;
  }

  async #drive(): Promise<void> {
    const { commands, start, isRunning, host } = this.#parts;
    const open = await this.#open();
    if (open.length === 0 || (await isRunning())) return;
    for (const command of open) {
      // It may have ended since, and its unit with it.
      if ((await commands.endOf(command.id)) !== null) continue;
      if (command.starts >= STARTS_MAX) {
        const message = 'what carried it out ended without a word, twice: it was killed, or the host went down; journalctl -u farrier-snapshot says more';
        await commands.end(command.id, { outcome: { command: command.id, code: 'interrupted', message, snapshot: null, fetchMs: 0 }, proof: null });
        continue;
      }
      const said = await start(command.id);
      // One at a time, whoever asks: its turn comes.
      if (said === 'running') return;
      if (said !== '') host.logger.error('systemd did not start the unit of a snapshot command', { command: command.id, said });
      await commands.update({ ...command, starts: command.starts + 1 });
      if (said === '') return;
    }
  }

  async #open(): Promise<readonly RememberedCommand[]> {
    const { commands } = this.#parts;
    const all = await commands.commands();
    const ended = await Promise.all(all.map(async ({ id }) => (await commands.endOf(id)) !== null));
    return all.filter((_command, index) => !ended[index]);
  }

  /** Tells what lies here and what became of orders, now and whenever it changes. @returns how to stop */
  onNews(tell: (message: AgentMessage) => void): () => void {
    const stop = new AbortController();
    void this.#tell(tell, stop.signal);
    return () => stop.abort();
  }

  async #tell(tell: (message: AgentMessage) => void, signal: AbortSignal): Promise<void> {
    const { host } = this.#parts;
    const told: Told = { catalogue: '', places: '', looks: 0, outcomes: new Set(), doing: '', isWorking: false };
    while (!signal.aborted) {
      try {
        for (const message of await this.#news(told)) if (!signal.aborted) tell(message);
        // An order that waited for another one, or whose unit was killed.
        if (told.isWorking && told.looks % DRIVE_EVERY_LOOKS === 0) await this.drive();
      } catch (error) {
        // It is looked for again: a session lives without it.
        host.logger.error('what lies here of snapshots could not be read', { error });
      }
      await host.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  }

  /** The catalogue before the outcomes, which speak of it. */
  async #news(told: Told): Promise<readonly AgentMessage[]> {
    const { catalogue, commands, doing } = this.#parts;
    told.looks += 1;
    const live = told.isWorking ? doing() : null;
    const progress: readonly AgentMessage[] = live !== null && live.doing !== told.doing ? [{ snapshotProgress: { ...live } }] : [];
    told.doing = live?.doing ?? '';
    const places = `${await catalogue.state()} ${await commands.state()}`;
    // Once more after a change: what follows it within one tick of the disk's clock looks the same.
    if (places === told.places && told.looks > 1) return progress;
    const settled = places === told.places;
    told.places = places;
    if (!settled) told.looks = 0;
    return [...(await this.#catalogueNews(told)), ...progress, ...(await this.#outcomeNews(told))];
  }

  async #catalogueNews(told: Told): Promise<readonly AgentMessage[]> {
    const records = await this.#parts.catalogue.records();
    const text = JSON.stringify(records);
    if (text === told.catalogue) return [];
    told.catalogue = text;
    return [{ snapshots: toCatalogueMessage(records) }];
  }

  async #outcomeNews(told: Told): Promise<readonly AgentMessage[]> {
    const { commands } = this.#parts;
    const news: AgentMessage[] = [];
    told.isWorking = false;
    for (const { id } of await commands.commands()) {
      if (told.outcomes.has(id)) continue;
      const end = await commands.endOf(id);
      told.isWorking ||= end === null;
      if (end === null) continue;
      told.outcomes.add(id);
      if (!(await commands.isAcknowledged(id))) news.push({ snapshotOutcome: toOutcomeMessage(end.outcome, end.proof) });
    }
    return news;
  }
}

/** In one session: what was sent and not acknowledged is sent again in the next. */
interface Told {
  catalogue: string;
  /** As the folders were when they were read last. */
  places: string;
  /** Since they changed. */
  looks: number;
  readonly outcomes: Set<SnapshotCommandId>;
  doing: string;
  /** Some order is not over. */
  isWorking: boolean;
}
