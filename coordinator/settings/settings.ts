import { hostname } from 'node:os';
import { z } from 'zod';

import { SHA256_PATTERN } from '../../shared/domain/step-limits.ts';
import { type Fragment, readFragments, type SettingsError } from '../../shared/settings/read-fragments.ts';
import { ObjectStoreInputs } from './object-stores.ts';

const address = z.string('must be host:port').regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.*-]+):\d{1,5}$/, 'must be host:port');

const absolutePath = z.string('must be an absolute path').startsWith('/', 'must be an absolute path');

const sha256 = z.string('must be a sha256').regex(SHA256_PATTERN, 'must be a sha256: 64 lower-case hex digits, as `farrier artifact ls` shows them');

/** Second stage: one merged input, every key optional. */
const Inputs = z.strictObject({
  fleet: z.string('must be lower-case letters, digits and dashes').regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes').default('farrier'),
  dataFolder: absolutePath.default('/var/lib/farrier-coordinator'),
  listen: address.default('0.0.0.0:7443'),
  enrollListen: address.default('0.0.0.0:7444'),
  advertise: z.string('must be a name or an address').min(1, 'must be a name or an address').default(hostname()),
  adminSocket: absolutePath.default('/run/farrier-coordinator/admin.sock'),
  nats: z.string().nullable().default(null),
  natsMonitor: z.string().nullable().default(null),
  natsReplicas: z.union([z.literal(1), z.literal(3), z.literal(5)], { error: 'must be 1, 3 or 5' }).default(1),
  natsCredentials: absolutePath.nullable().default(null),
  natsTls: z.strictObject({ caFile: absolutePath, certFile: absolutePath, keyFile: absolutePath }).partial().nullable().default(null),
  kubeconfig: z.string().nullable().default(null),
  /** By minor of etcd and architecture: artifacts that provers fetch which have no such programs of their own. */
  etcdTools: z.record(z.string().regex(/^\d{1,3}\.\d{1,3}$/), z.record(z.string().regex(/^[a-z0-9]{1,20}$/), z.strictObject({ etcd: sha256, etcdutl: sha256.optional(), etcdctl: sha256.optional() }))).default({}),
  /** Where copies of snapshots go that came here. */
  objectStores: ObjectStoreInputs,
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

/** Third stage. Addresses are host:port; `advertise` is the name under which hosts reach this coordinator. */
export type CoordinatorSettings = z.infer<typeof Inputs>;

export type LoadedSettings =
  | { readonly ok: true; readonly settings: CoordinatorSettings }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/** Files first, the command line last. All mistakes come back at once, each with where it was said. */
export async function loadSettings(configDir: string, commandLine: Readonly<Record<string, unknown>>): Promise<LoadedSettings> {
  const read = await readFragments(configDir, 'coordinator');
  const fragments = [...read.fragments, { source: 'command line', values: commandLine }];
  const compiled = Inputs.safeParse(Object.assign({}, ...fragments.map((fragment) => fragment.values)));
  const errors = [...read.errors, ...(compiled.error?.issues.map((issue) => locate(issue, fragments)) ?? [])];
  return errors.length === 0 && compiled.success ? { ok: true, settings: compiled.data } : { ok: false, errors };
}

function locate(issue: z.core.$ZodIssue, fragments: readonly Fragment[]): SettingsError {
  const key = issue.code === 'unrecognized_keys' ? issue.keys[0] : String(issue.path[0]);
  const source = fragments.findLast((fragment) => key !== undefined && Object.hasOwn(fragment.values, key))?.source ?? 'settings';
  if (issue.code === 'unrecognized_keys') {
    return { source, message: `unknown key \`${issue.keys.join('`, `')}\`; known are ${Object.keys(Inputs.shape).join(', ')}` };
  }
  return { source, message: `\`${issue.path.join('.')}\` ${issue.message}` };
}
