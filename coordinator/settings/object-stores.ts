import { isIP } from 'node:net';
import { z } from 'zod';

const absolutePath = z.string('must be an absolute path').startsWith('/', 'must be an absolute path');

const network = z.string('must be a network as 10.0.0.0/8').refine((text) => {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}, 'must be a network as 10.0.0.0/8');

const endpoint = z.string('must be a URL').refine((text) => {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.search === '' && url.hash === '';
}, 'must be a URL as https://s3.example.com');

const ObjectStoreInput = z.strictObject({
  /** What the catalogue calls it: it stays the same for as long as copies lie there. */
  name: z.string('must be lower-case letters, digits and dashes').regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes'),
  endpoint,
  region: z.string().min(1).max(64).default('us-east-1'),
  bucket: z.string('must be the name of a bucket').regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'),
  /** Of every key; ends with a slash where that is wanted. */
  prefix: z.string().max(200).regex(/^(?!\/)[A-Za-z0-9/._-]*$/, 'must be letters, digits, dots, dashes and slashes').default(''),
  /** As aws(1) has it, for root and this coordinator alone. */
  credentialsFile: absolutePath,
  caFile: absolutePath.nullable().default(null),
  /** What its name may resolve to; none: whatever is not on this host or its link. */
  addresses: z.array(network).max(32).default([]),
  /** False: what lies there stays, whatever the policy keeps; for buckets that let nobody delete. */
  prune: z.boolean().default(true),
});

export const ObjectStoreInputs = z.array(ObjectStoreInput).max(8)
  .refine((stores) => new Set(stores.map(({ name }) => name)).size === stores.length, 'must have a name of its own each')
  // In the clear only where somebody said which network that is.
  .refine((stores) => stores.every((store) => store.endpoint.startsWith('https:') || store.addresses.length > 0), 'must be https, or list in `addresses` the networks that http may go over')
  .default([]);

/** A place outside for copies of snapshots, as an admin of the coordinator's host named it. */
export type ObjectStoreSettings = z.infer<typeof ObjectStoreInput>;
