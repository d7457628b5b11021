import { notifySystemd, pingWatchdog } from '../../shared/ports/notify-systemd.ts';
import { VERSION } from '../../shared/ports/version.ts';
import { readHostFacts } from '../adapters/host-facts.ts';
import { renewWhenDue } from '../identity/renew-when-due.ts';
import { serveSession } from '../link/session.ts';
import { stayConnected } from '../link/stay-connected.ts';
import { LiveAgent } from '../live-agent.ts';
import { journalFolder, openHostJournal } from '../runner/host.ts';
import { JournalReader } from '../runner/journal-reader.ts';
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

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    const { settings, configDir, host, logger } = await openOrEnd(values);
    const stop = new AbortController();
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
    // Made before the first hello: reports of a journal that the hello did not name would count as another host's.
    const opened = openHostJournal(host, JOURNAL_WAIT_MS);
    if (opened.ok) opened.journal.close();
    const reader = new JournalReader(journalFolder(settings.stateDir), host.journalFiles);
    const agent = new LiveAgent(host, reader, workUnitsOf(settings.stateDir, configDir), readHostFacts(), VERSION);

    notifySystemd('--ready');
    const stopPings = pingWatchdog();
    logger.info('agent runs', { node: host.node, fleet: host.fleet, version: VERSION, bootId: host.bootId });
    // First what was begun, link or no link.
    await agent.drive();
    const driving = setInterval(() => void agent.drive().catch((error: unknown) => logger.error('driving failed', { error })), DRIVE_EVERY_MS);
    const identities = renewWhenDue(settings, host.identity, host, stop.signal);
    await stayConnected(
      async (signal) => {
        const { identity, expired } = await identities.forDialling();
        const target = {
          address: settings.coordinator ?? identity.linkAddress,
          caPem: Buffer.from(identity.caPem),
          keyPem: Buffer.from(identity.keyPem),
          certificatePem: Buffer.from(identity.certificatePem),
        };
        const end = await serveSession(target, agent, signal);
        // Dialled all the same: it may be this host's clock that is wrong.
        return expired === '' ? end : { ...end, why: expired, remedy: 'it is tried again before each dial; where that cannot help, farrier-agent enroll --force' };
      },
      { clock: host.clock, random: host.random, logger },
      stop.signal,
    );
    clearInterval(driving);
    stopPings();
    await identities.ended;
    return 0;
  });
