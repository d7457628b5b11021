import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { ClusterStore } from '../api/cluster-store.ts';
import { put } from './k3s-files.ts';

/** Below `server/tls`; the authorities of the cluster, of which each server makes its own certificates. */
const AUTHORITIES = ['server-ca', 'client-ca', 'etcd/server-ca', 'etcd/peer-ca'].flatMap((name) => [`${name}.crt`, `${name}.key`]);
const PREFIX = '/bootstrap';

/**
 * Keeps the authorities in the datastore, encrypted with the token, and takes those that are there over what lies on the disk
 * (k3s-io/k3s, pkg/cluster/storage.go and encrypt.go). @throws in the words of the real k3s where it was another token
 */
export async function syncBootstrapData(store: ClusterStore, password: string, tls: string): Promise<void> {
  const kept = await store.list(PREFIX);
  const key = `${PREFIX}/${createHash('sha256').update(password).digest('hex').slice(0, 12)}`;
  const own = kept.find((each) => each.key === key);
  const here = Object.fromEntries(AUTHORITIES.map((name) => [name, existsSync(join(tls, name)) ? readFileSync(join(tls, name), 'utf8') : '']));
  if (kept.length === 0) {
    await store.put(key, encrypt(password, JSON.stringify(here)), 0);
    return;
  }
  if (own === undefined) throw new Error('bootstrap data already found and encrypted with different token');
  const there = JSON.parse(decrypt(password, own.value)) as Readonly<Record<string, string>>;
  if (AUTHORITIES.every((name) => here[name] === there[name])) return;
  for (const folder of [tls, join(tls, 'etcd')]) for (const file of readdirSync(folder).filter((name) => /\.(crt|key)$/.test(name))) rmSync(join(folder, file));
  for (const name of AUTHORITIES) put(join(tls, name), there[name] ?? '', name.endsWith('.key') ? 0o600 : 0o644);
}

function encrypt(password: string, text: string): string {
  const [salt, nonce] = [randomBytes(8).toString('hex'), randomBytes(12)];
  const cipher = createCipheriv('aes-256-gcm', keyOf(password, salt), nonce);
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${salt}:${sealed.toString('base64')}`;
}

function decrypt(password: string, sealed: string): string {
  const [salt = '', base64 = ''] = sealed.split(':');
  const bytes = Buffer.from(base64, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(password, salt), bytes.subarray(0, 12)).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
}

function keyOf(password: string, salt: string): Buffer {
  return pbkdf2Sync(password, salt, 4096, 32, 'sha1');
}
