import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { loadSettings as loadAgent } from '../../agent/settings/settings.ts';
import { DEFAULT_SNAPSHOTS } from '../../agent/settings/snapshot-settings.ts';
import { loadSettings as loadCoordinator } from '../../coordinator/settings/settings.ts';
import { formatIdentity, generateIdentity } from '../../shared/age/age-keys.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

describe('the agent’s settings', () => {
  test('nothing written: the defaults', async () => {
    const loaded = await loadAgent(folder, {});
    expect(loaded).toMatchObject({ ok: true, settings: { coordinator: null, stateDir: '/var/lib/farrier-agent', logLevel: 'info', allow: { steps: ['*'], packages: ['*'], sources: ['*'] } } });
  });

  test('drop-ins win over the file in the order of their names, the environment over both', async () => {
    write('agent.yaml', 'coordinator: a:1\nlogLevel: warn\nallow: { packages: [containerd, "runc*"] }\n');
    write('agent.d/20.yaml', 'coordinator: c:3\n');
    write('agent.d/10.yaml', 'coordinator: b:2\n');
    const loaded = await loadAgent(folder, { FARRIER_AGENT_LOG_LEVEL: 'debug' });
    expect(loaded).toMatchObject({ ok: true, settings: { coordinator: 'c:3', logLevel: 'debug', allow: { packages: ['containerd', 'runc*'], steps: ['*'] } } });
  });

  test('every mistake comes back at once, each with where it was made', async () => {
    write('agent.yaml', 'coordinator: nowhere\nallow: { package: [x] }\nspeed: 3\n');
    write('agent.d/10.yaml', 'stateDir: here\n');
    write('agent.d/20.yaml', '- not\n- keys\n');
    const loaded = await loadAgent(folder, { FARRIER_AGENT_LOG_LEVEL: 'loud' });
    if (loaded.ok) throw new Error('accepted');
    expect(loaded.errors.map(({ source, message }) => `${source.replace(folder, '')}: ${message.slice(0, 28)}`).toSorted()).toEqual([
      '/agent.d/10.yaml: `stateDir` must be an absolu',
      '/agent.d/20.yaml: must hold `key: value` lines',
      '/agent.yaml: `allow` must be an object of',
      '/agent.yaml: `coordinator` must be host:p',
      '/agent.yaml: unknown key `speed`; known a',
      'environment: `logLevel` must be one of de',
    ]);
  });

  test('snapshots: what is written, with defaults for the rest', async () => {
    expect(await loadAgent(folder, {})).toMatchObject({ ok: true, settings: { snapshots: DEFAULT_SNAPSHOTS } });
    const { recipient } = generateIdentity();
    write('agent.yaml', `snapshots:\n  recipients: [${recipient.text}]\n  every: 6h\n  timeZone: Europe/Berlin\n  keep: { newest: 2, within: 24h }\n  folder: /srv/snapshots\n`);
    const loaded = await loadAgent(folder, {});
    expect(loaded.ok ? loaded.settings.snapshots : loaded).toEqual({
      ...DEFAULT_SNAPSHOTS, recipients: [recipient.text], schedule: { cron: '0 */6 * * *', timeZone: 'Europe/Berlin', jitterMs: 600_000 },
      keep: { newest: 2, withinMs: 86_400_000, hourly: 0, daily: 0, weekly: 0 }, folder: '/srv/snapshots', scratchFolder: '/srv/snapshots/scratch',
    });
  });

  test.each([['15m', '*/15 * * * *'], ['1h', '0 * * * *'], ['12h', '0 */12 * * *'], ['1d', '0 0 * * *'], ['24h', '0 0 * * *'], ['30 1,13 * * mon-fri', '30 1,13 * * mon-fri']])('snapshots every %s are those of cron %s', async (every, cron) => {
    write('agent.yaml', `snapshots: { every: ${JSON.stringify(every)} }\n`);
    expect(await loadAgent(folder, {})).toMatchObject({ ok: true, settings: { snapshots: { schedule: { cron } } } });
  });

  test.each(['7h', '25m', '90m', '2d', '0h', '30s', 'hourly', '61 * * * *'])('snapshots every %s are refused', async (every) => {
    write('agent.yaml', `snapshots: { every: ${JSON.stringify(every)} }\n`);
    const loaded = await loadAgent(folder, {});
    expect(loaded.ok ? [] : loaded.errors.map(({ message }) => message)).toEqual([expect.stringMatching(/^`snapshots\.every`/)]);
  });

  test('every mistake about snapshots comes back at once, and no message repeats a secret', async () => {
    const secret = formatIdentity(generateIdentity());
    write('agent.yaml', `snapshots:\n  recipients: [${secret}, age1nonsense]\n  keep: { newest: -1 }\n  jitter: soon\n  timeZone: Mars/Olympus\n  every: 6h\n  maxBytesPerSecond: 3\n  folder: /tmp/snapshots\n  scratchFolder: /srv/../tmp\n  proveOnControlPlane: maybe\n  cluster: ""\n  reciepients: []\n`);
    const loaded = await loadAgent(folder, {});
    const messages = loaded.ok ? [] : loaded.errors.map(({ message }) => message);
    expect(messages.map((message) => message.slice(0, 22)).toSorted()).toEqual([
      '`snapshots.cluster` mu', '`snapshots.every`: "Ma', '`snapshots.folder` mus', '`snapshots.jitter` mus', '`snapshots.keep` must ', '`snapshots.maxBytesPer',
      '`snapshots.proveOnCont', '`snapshots.recipients`', '`snapshots.recipients`', '`snapshots.scratchFold', 'unknown key `snapshots',
    ]);
    expect(messages.join()).not.toContain(secret);
  });
});

describe('the coordinator’s settings', () => {
  test('the command line wins over the files', async () => {
    write('coordinator.yaml', 'fleet: edge\nlisten: 0.0.0.0:1\n');
    const loaded = await loadCoordinator(folder, { listen: '0.0.0.0:2' });
    expect(loaded).toMatchObject({ ok: true, settings: { fleet: 'edge', listen: '0.0.0.0:2', nats: null } });
  });

  test('every mistake comes back at once, each with where it was made', async () => {
    write('coordinator.yaml', 'fleet: Not A Name\nport: 3\n');
    const loaded = await loadCoordinator(folder, { listen: 'nowhere' });
    if (loaded.ok) throw new Error('accepted');
    expect(loaded.errors.map(({ source }) => source.replace(folder, '')).toSorted()).toEqual(['/coordinator.yaml', '/coordinator.yaml', 'command line']);
  });

  test('a number where text belongs is told what it has to be', async () => {
    write('coordinator.yaml', 'listen: 7443\nfleet: 5\ndataFolder: 1\nadvertise: 10\n');
    const loaded = await loadCoordinator(folder, {});
    expect(loaded.ok ? [] : loaded.errors.map(({ message }) => message).toSorted()).toEqual([
      '`advertise` must be a name or an address',
      '`dataFolder` must be an absolute path',
      '`fleet` must be lower-case letters, digits and dashes',
      '`listen` must be host:port',
    ]);
  });

  const offsite = 'name: offsite, endpoint: "https://s3.example.com", bucket: farrier-snapshots, credentialsFile: /etc/farrier/offsite';

  test('object stores have defaults, and http only over networks that are named', async () => {
    write('coordinator.yaml', `objectStores: [{ ${offsite} }, { ${offsite.replace('https', 'http').replace('offsite', 'local')}, addresses: [10.0.0.0/8, "fd00::/8"], prune: false }]\n`);
    const loaded = await loadCoordinator(folder, {});
    expect(loaded).toMatchObject({ ok: true, settings: { objectStores: [{ name: 'offsite', region: 'us-east-1', prefix: '', addresses: [], prune: true, caFile: null }, { name: 'local', prune: false }] } });
  });

  test.each([
    ['http to anywhere', offsite.replace('https', 'http'), 'must be https'],
    ['the same name twice', `${offsite} }, { ${offsite}`, 'a name of its own'],
    ['no URL', offsite.replace('https://s3.example.com', 's3.example.com:443'), 'must be a URL'],
    ['a secret in the URL', offsite.replace('https://', 'https://user:secret@'), 'must be a URL'],
    ['an address without a network', `${offsite}, addresses: [10.0.0.1]`, 'must be a network'],
    ['a network that is none', `${offsite}, addresses: [10.0.0.0/33]`, 'must be a network'],
    ['a prefix that leads up', `${offsite}, prefix: /up`, 'must be letters'],
    ['an unknown key', `${offsite}, speed: 3`, 'speed'],
  ])('an object store with %s is refused', async (_what, yaml, why) => {
    write('coordinator.yaml', `objectStores: [{ ${yaml} }]\n`);
    const loaded = await loadCoordinator(folder, {});
    expect(loaded.ok ? '' : loaded.errors.map(({ message }) => message).join()).toContain(why);
  });
});
