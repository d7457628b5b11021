import { parseRecipient } from '../../shared/age/age-keys.ts';
import type { Retention } from '../../shared/domain/keep-snapshots.ts';
import { parseDuration } from '../../shared/plan/duration.ts';
import { checkSchedule, type SnapshotSchedule } from '../../shared/schedule/next-snapshot.ts';
import { isRecord } from '../../shared/settings/read-fragments.ts';
import { DEFAULT_SNAPSHOTS, type SnapshotSettings } from './snapshot-settings.ts';

const KNOWN_KEYS = ['cluster', 'recipients', 'every', 'timeZone', 'jitter', 'keep', 'maxBytesPerSecond', 'folder', 'scratchFolder', 'toolsFolder', 'proveOnControlPlane'];
const KEEP_KEYS = ['newest', 'within', 'hourly', 'daily', 'weekly'];
const RECIPIENTS_MAX = 16;
const KEEP_MAX = 10_000;
/** Slower than this a datastore changes faster than it is read. */
const LEAST_BYTES_PER_S = 64 * 1024;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const JITTER_MS = 10 * MINUTE_MS;

/** The section `snapshots:` of agent.yaml. Each message says what is wrong with one line of it. */
export function compileSnapshots(section: unknown): { readonly snapshots: SnapshotSettings; readonly messages: readonly string[] } {
  if (!isRecord(section)) return { snapshots: DEFAULT_SNAPSHOTS, messages: ['`snapshots` must hold `key: value` lines'] };
  const messages = Object.keys(section).filter((key) => !KNOWN_KEYS.includes(key)).map((key) => `unknown key \`snapshots.${key}\`; known are ${KNOWN_KEYS.join(', ')}`);
  const take = <T>(key: string, otherwise: T, demand: string, accept: (value: unknown) => T | undefined): T => {
    const value = section[key];
    if (value === undefined) return otherwise;
    const accepted = accept(value);
    if (accepted === undefined) messages.push(`\`snapshots.${key}\` must be ${demand}`);
    return accepted ?? otherwise;
  };
  const folder = take('folder', DEFAULT_SNAPSHOTS.folder, FOLDER, ownFolder);
  const snapshots: SnapshotSettings = {
    cluster: take('cluster', null, 'a name of up to 100 characters', (value) => (typeof value === 'string' && /^[\x21-\x7e]{1,100}$/.test(value) ? value : undefined)),
    recipients: recipientsOf(section['recipients'], messages),
    schedule: scheduleOf(take, messages),
    keep: take('keep', DEFAULT_SNAPSHOTS.keep, `an object of ${KEEP_KEYS.join(', ')}: whole numbers up to ${KEEP_MAX}, and \`within\` a duration such as 24h`, retention),
    maxBytesPerS: take('maxBytesPerSecond', DEFAULT_SNAPSHOTS.maxBytesPerS, `a whole number from ${LEAST_BYTES_PER_S}`, (value) => (Number.isSafeInteger(value) && Number(value) >= LEAST_BYTES_PER_S ? Number(value) : undefined)),
    folder,
    scratchFolder: take('scratchFolder', `${folder}/scratch`, FOLDER, ownFolder),
    toolsFolder: take('toolsFolder', DEFAULT_SNAPSHOTS.toolsFolder, 'an absolute path', (value) => (typeof value === 'string' && value.startsWith('/') ? value : undefined)),
    proveOnControlPlane: take('proveOnControlPlane', false, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined)),
  };
  return { snapshots, messages };
}

/** What runs on a restored datastore has a /tmp of its own, and the agent sees no home. */
const FOLDER = 'an absolute path that is not below /tmp, /var/tmp, /home, /root or /run';

function ownFolder(value: unknown): string | undefined {
  const isOwn = typeof value === 'string' && /^\/[^/]/.test(value) && !/\/\.{0,2}(\/|$)/.test(value) && !/^\/(tmp|var\/tmp|home|root|run)(\/|$)/.test(value);
  return isOwn ? value : undefined;
}

/** No message repeats a key: a secret one may have slipped in. */
function recipientsOf(value: unknown, messages: string[]): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > RECIPIENTS_MAX) {
    messages.push(`\`snapshots.recipients\` must be a list of up to ${RECIPIENTS_MAX} public keys, age1...`);
    return [];
  }
  return value.flatMap((text: unknown, index) => {
    const parsed = parseRecipient(String(text));
    if (parsed.ok) return [parsed.recipient.text];
    messages.push(`\`snapshots.recipients\`, key ${index + 1}: ${parsed.message}`);
    return [];
  });
}

type Take = <T>(key: string, otherwise: T, demand: string, accept: (value: unknown) => T | undefined) => T;

function scheduleOf(take: Take, messages: string[]): SnapshotSchedule | null {
  const cron = take<string | null>('every', null, '15m, 6h or the like, which divides an hour or a day, or five fields of cron', (value) => (typeof value === 'string' ? (cronOf(value) ?? undefined) : undefined));
  const timeZone = take('timeZone', 'UTC', 'the name of a time zone, such as Europe/Berlin', (value) => (typeof value === 'string' ? value : undefined));
  const jitterMs = take('jitter', JITTER_MS, 'a duration, such as 10m', (value) => (typeof value === 'string' ? (parseDuration(value) ?? undefined) : undefined));
  if (cron === null) return null;
  const schedule = { cron, timeZone, jitterMs };
  const checked = checkSchedule(schedule);
  if (checked.ok) return schedule;
  messages.push(`\`snapshots.every\`: ${checked.message}`);
  return null;
}

/** A duration that divides an hour or a day, as cron has it. @returns null where it is none; what is no duration is taken for cron. */
function cronOf(text: string): string | null {
  const everyMs = parseDuration(text);
  if (everyMs === null) return text;
  if (everyMs === 24 * HOUR_MS) return '0 0 * * *';
  if (everyMs >= MINUTE_MS && HOUR_MS % everyMs === 0 && everyMs % MINUTE_MS === 0) return everyMs === HOUR_MS ? '0 * * * *' : `*/${everyMs / MINUTE_MS} * * * *`;
  return everyMs > HOUR_MS && (24 * HOUR_MS) % everyMs === 0 && everyMs % HOUR_MS === 0 ? `0 */${everyMs / HOUR_MS} * * *` : null;
}

function retention(value: unknown): Retention | undefined {
  if (!isRecord(value) || Object.keys(value).some((key) => !KEEP_KEYS.includes(key))) return undefined;
  const { within = '0s', ...counts } = value;
  const withinMs = typeof within === 'string' ? parseDuration(within) : null;
  const areCounts = Object.values(counts).every((count) => Number.isSafeInteger(count) && Number(count) >= 0 && Number(count) <= KEEP_MAX);
  if (withinMs === null || !areCounts) return undefined;
  const countOf = (key: 'newest' | 'hourly' | 'daily' | 'weekly'): number => Number(counts[key] ?? 0);
  return { newest: countOf('newest'), withinMs, hourly: countOf('hourly'), daily: countOf('daily'), weekly: countOf('weekly') };
}
