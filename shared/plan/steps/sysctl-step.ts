import type { z } from 'zod';

import { CONFIG_NAME_PATTERN, SYSCTL_KEY_PATTERN, SYSCTL_SETTINGS_MAX, SYSCTL_VALUE_PATTERN } from '../../domain/step-limits.ts';
import type { SysctlSetting, SysctlSpec } from '../../domain/steps/sysctl-spec.ts';
import { field } from '../field.ts';
import { quote } from '../quote.ts';
import { expected, section } from '../section.ts';
import { name } from '../text-fields.ts';
import { driftPolicy } from './files-step.ts';
import { stepTimeout } from './step-timeout.ts';

const SETTINGS = 'a mapping of kernel settings to values, as `net.ipv4.ip_forward: 1`';

/** Sorted by key, as the order of keys is nobody's intent; a value may be written as the whole number that it is. */
const settings = field((input, { stop, note }): readonly SysctlSetting[] => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return stop(input === undefined ? 'missing' : 'wrong-type', expected(input, SETTINGS));
  const entries = Object.entries(input as Readonly<Record<string, unknown>>);
  if (entries.length === 0) stop('empty', 'names no setting; name at least one with its value');
  if (entries.length > SYSCTL_SETTINGS_MAX) stop('too-many', `names ${entries.length} settings; ${SYSCTL_SETTINGS_MAX} is the limit`);
  for (const [key, value] of entries) {
    if (!SYSCTL_KEY_PATTERN.test(key)) note([key], 'bad-name', `${quote(key)} is no kernel setting; write it with dots, as net.ipv4.ip_forward, each by itself`, 'key');
    const text = Number.isSafeInteger(value) ? String(value) : value;
    if (typeof text !== 'string') note([key], 'wrong-type', `is ${quote(value)}; it has to be a whole number or text in quotes`);
    else if (!SYSCTL_VALUE_PATTERN.test(text)) note([key], 'out-of-range', `is ${quote(text)}; it has to be one line of 1 to 256 printable characters`);
  }
  return entries.map(([key, value]) => ({ key, value: String(value) })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
});

export const configName = name(CONFIG_NAME_PATTERN, 'a name of at most 63 lower-case letters, digits and "-"; the file on the host is named after it');

export const sysctlSection = section({ name: configName, settings, onDrift: driftPolicy, timeout: stepTimeout.default(60_000) });

export function compileSysctl({ name: config, settings: wanted, onDrift, timeout }: z.infer<typeof sysctlSection>, nameIt: (wanted: string) => string): SysctlSpec {
  return { kind: 'sysctl', name: nameIt(`sysctl-${config}`), timeoutMs: timeout, config, settings: wanted, onDrift };
}
