import { readFile } from 'node:fs/promises';
import { request } from 'node:https';

import type { EtcdPlace } from '../../ports/etcd.ts';

const ANSWER_MAX_MS = 5_000;
const ANSWER_MAX_BYTES = 4_096;

/**
 * The version that all members of the cluster have agreed on, as `3.5`: no call of gRPC's tells it. Null where the member does
 * not answer, or does not serve HTTP there (`--listen-client-http-urls`).
 */
export async function readClusterVersion({ endpoint, caFile, certificateFile, keyFile }: EtcdPlace, signal: AbortSignal): Promise<string | null> {
  signal.throwIfAborted();
  try {
    const [ca, cert, key] = await Promise.all([caFile, certificateFile, keyFile].map((path) => readFile(path)));
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MAX_MS)]);
    const said = await new Promise<string>((resolve, reject) => {
      const asked = request(`${endpoint}/version`, { ca, cert, key, agent: false, signal: limit }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
          if (body.length > ANSWER_MAX_BYTES) asked.destroy(new Error('the answer is too long'));
        });
        response.on('end', () => resolve(body));
        response.on('error', reject);
      });
      asked.on('error', reject);
      asked.end();
    });
    return /"etcdcluster":"(\d+\.\d+)\.\d+"/.exec(said)?.[1] ?? null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
