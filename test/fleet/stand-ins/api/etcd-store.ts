import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

import type { ClusterStore, Stored } from './cluster-store.ts';

export interface EtcdAccess {
  readonly endpoint: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
}

const CALL_MAX_MS = 5000;

/** A real etcd through its gateway of JSON over HTTPS (etcd's API reference, "gRPC gateway"). */
export class EtcdStore implements ClusterStore {
  readonly #access: EtcdAccess;
  readonly #agent: Agent;

  constructor(access: EtcdAccess) {
    this.#access = access;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, ca: readFileSync(access.caFile), cert: readFileSync(access.certFile), key: readFileSync(access.keyFile) });
  }

  async get(key: string): Promise<Stored | null> {
    const { kvs = [] } = await this.#call<{ kvs?: readonly KeyValue[] }>('/v3/kv/range', { key: encode(key) });
    return kvs[0] === undefined ? null : storedOf(kvs[0]);
  }

  async list(prefix: string): Promise<readonly Stored[]> {
    const { kvs = [] } = await this.#call<{ kvs?: readonly KeyValue[] }>('/v3/kv/range', { key: encode(prefix), range_end: encode(after(prefix)) });
    return kvs.map(storedOf);
  }

  async put(key: string, value: string, expected: number): Promise<number | null> {
    const answer = await this.#call<{ succeeded?: boolean; header: { revision: string } }>('/v3/kv/txn', {
      compare: [{ key: encode(key), target: 'MOD', result: 'EQUAL', mod_revision: String(expected) }],
      success: [{ request_put: { key: encode(key), value: encode(value) } }],
    });
    return answer.succeeded === true ? Number(answer.header.revision) : null;
  }

  async remove(key: string): Promise<boolean> {
    const { deleted = '0' } = await this.#call<{ deleted?: string }>('/v3/kv/deleterange', { key: encode(key) });
    return deleted !== '0';
  }

  #call<T>(path: string, body: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.#access.endpoint), { agent: this.#agent, method: 'POST', timeout: CALL_MAX_MS }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text) as T);
          else reject(new Error(`etcd: ${response.statusCode}: ${text}`));
        });
      });
      call.on('timeout', () => call.destroy(new Error('etcdserver: request timed out')));
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
  }
}

function storedOf({ key, value = '', mod_revision }: KeyValue): Stored {
  return { key: decode(key), value: decode(value), revision: Number(mod_revision) };
}

/** The first key after all that begin with this prefix. */
function after(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
