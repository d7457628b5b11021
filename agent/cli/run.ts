import { MUTATION } from '../../shared/ports/mutation.ts';
import { notifySystemd, pingWatchdog } from '../../shared/ports/notify-systemd.ts';
import { VERSION } from '../../shared/ports/version.ts';
import { readBootFacts } from '../adapters/host-facts.ts';
import { runProgram } from '../adapters/run-program.ts';
import { FactsWatch } from '../facts/facts-watch.ts';
import { isReadOnly, readOnlyOutcome } from '../core/disk-full.ts';
import { renewWhenDue } from '../identity/renew-when-due.ts';
import { keepLinkFailure } from '../link/link-failure.ts';
import { serveSession } from '../link/session.ts';
import { stayConnected } from '../link/stay-connected.ts';
import { LiveAgent } from '../live-agent.ts';
import { journalFolder, openHostJournal } from '../runner/host.ts';
import { JournalReader } from '../runner/journal-reader.ts';
import type { OpenHost } from '../open-host.ts';
import type { AgentSettings } from '../settings/settings.ts';
import { highestSeen } from '../core/highest-seen.ts';
import { openOrEnd } from './open-or-end.ts';
import { asVerb, readOptions } from './read-options.ts';
import type { Verb } from './verb.ts';
import { workUnitsOf } from './work-units-of.ts';

const HELP = `Usage: farrier-agent run [--config-dir DIR] [--state-dir DIR]

Serves the coordinator: what farrier-agent.service does. Ends on SIGTERM; work units go on without it.

Example:
  farrier-agent run`;

/** A unit that died without a word is noticed this soon. */
const DRIVE_EVERY_MS = 5_000;
/** A work unit that is writing has made the journal long ago. */
const JOURNAL_WAIT_MS = 1_000;
/** A host is changed by others too. */
const FACTS_EVERY_MS = 300_000;
/** A quorum is counted by what members said last: a member that went is missed this soon. */
const MEMBER_EVERY_MS = 10_000;
/** A link that comes and goes does not make the agent read its host over and over. */
const FACTS_FRESH_MS = 60_000;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    if (MUTATION === 'agent-cannot-start') throw new Error('built so that it cannot start');
    const { settings, configDir, host, logger } = await openOrEnd(values);
    const stop = new AbortController();
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
    // Made before the first hello: reports of a journal that the hello did not name would count as another host's.
    try {
      const opened = openHostJournal(host, JOURNAL_WAIT_MS);
      if (opened.ok) opened.journal.close();
    } catch (error) {
      // Up all the same: somebody has to tell the coordinator.
      if (!isReadOnly(error)) throw error;
      logger.error('nothing can be done on this host', { ...readOnlyOutcome(error) });
    }
    const reader = new JournalReader(journalFolder(settings.stateDir), host.journalFiles);
    const facts = new FactsWatch(async () => {
      const [{ HostFactsReader }, { SnapshotFactsReader }] = await Promise.all([import('../facts/read-host-facts.ts'), import('../facts/snapshot-facts.ts')]);
      const snapshots = new SnapshotFactsReader(settings.snapshots, settings.stateDir, runProgram);
      return new HostFactsReader(runProgram, '/', (known, signal) => snapshots.read(known, signal));
    }, { clock: host.clock, logger });
    const { snapshotDutyOf } = await import('./snapshot-duty-of.ts');
    const snapshots = await snapshotDutyOf(settings, configDir, host, () => highestSeen(reader.records).epoch);
    const agent = new LiveAgent(host, reader, workUnitsOf(settings.stateDir, configDir), readBootFacts(), facts, VERSION, snapshots);

    notifySystemd('--ready');
    const stopPings = pingWatchdog();
    logger.info('agent runs', { node: host.node, fleet: host.fleet, version: VERSION, bootId: host.bootId });
    // First what was begun, link or no link.
    await agent.drive();
    const driving = setInterval(() => void agent.drive().catch((error: unknown) => logger.error('driving failed', { error })), DRIVE_EVERY_MS);
    const reading = setInterval(() => void facts.refresh(), FACTS_EVERY_MS);
    const looking = setInterval(() => void facts.refreshMember(), MEMBER_EVERY_MS);
    const taking = settings.snapshots.schedule === null ? null : takeSnapshots(settings, configDir, host, facts, stop.signal);
    const identities = renewWhenDue(settings, host.identity, host, stop.signal);
    await stayConnected(
      async (signal) => {
        const { identity, expired } = await identities.forDialling();
        await facts.refresh(FACTS_FRESH_MS);
        if (MUTATION === 'agent-cannot-connect') return { why: 'built so that it cannot connect', remedy: '', retryAfterMs: 0 };
        const target = {
          address: settings.coordinator ?? identity.linkAddress,
          caPem: Buffer.from(identity.caPem),
          keyPem: Buffer.from(identity.keyPem),
          certificatePem: Buffer.from(identity.certificatePem),
        };
        const served = await serveSession(target, agent, signal);
        // Dialled all the same: it may be this host's clock that is wrong.
        const end = expired === '' ? served : { ...served, why: expired, remedy: 'it is tried again before each dial; where that cannot help, farrier-agent enroll --force' };
        const { why, remedy } = end;
        if (!signal.aborted) {
          await keepLinkFailure(settings.stateDir, { why, remedy, sinceUnixMs: host.clock.wallUnixMs() }).catch((error: unknown) => logger.error('the failure of the link could not be kept', { error }));
        }
        return end;
      },
      { clock: host.clock, random: host.random, logger },
      stop.signal,
    );
    clearInterval(driving);
    clearInterval(reading);
    clearInterval(looking);
    stopPings();
    await identities.ended;
    await taking;
    return 0;
  });

/** Loaded where there is a schedule; what takes them runs in units of its own. */
async function takeSnapshots({ stateDir, snapshots }: AgentSettings, configDir: string, { node, clock, logger }: OpenHost, facts: FactsWatch, signal: AbortSignal): Promise<void> {
  const [{ keepTaking }, { findDatastore }, { hostFiles }, { systemdEtcdHost }, { snapshotUnitsOf }, { LIVE_FOLDER }] = await Promise.all([
    import('../snapshots/work/keep-taking.ts'), import('../snapshots/local-datastore.ts'), import('../facts/host-files.ts'), import('../adapters/etcd/systemd-etcd-host.ts'), import('./snapshot-units-of.ts'), import('../snapshots/work/snapshot-places.ts'),
  ]);
  const hasDatastore = async (): Promise<boolean> => {
    await facts.refresh(FACTS_FRESH_MS);
    return facts.facts !== null && (await findDatastore(facts.facts, hostFiles(), systemdEtcdHost(runProgram), signal)).ok;
  };
  await keepTaking({ settings: snapshots, node, units: snapshotUnitsOf(stateDir, configDir), hasDatastore, liveFolder: LIVE_FOLDER, clock, logger }, signal);
}
