import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';

import { ApiError } from './api-status.ts';

interface Kubeconfig {
  readonly 'current-context': string;
  readonly contexts: readonly { readonly name: string; readonly context: { readonly cluster: string; readonly user: string } }[];
  readonly clusters: readonly { readonly name: string; readonly cluster: { readonly server: string } & Partial<Record<'certificate-authority' | 'certificate-authority-data', string>> }[];
  readonly users: readonly { readonly name: string; readonly user: Partial<Record<'client-certificate' | 'client-certificate-data' | 'client-key' | 'client-key-data', string>> }[];
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

const CALL_MAX_MS = 10_000;

/** Calls the API server that a kubeconfig names, with its credentials. */
export class ApiClient {
  readonly server: string;
  readonly #agent: Agent;

  constructor(kubeconfigPath: string) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
    const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
    const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
    const user = config.users.find(({ name }) => name === context?.user)?.user;
    if (cluster === undefined || user === undefined) throw new Error(`invalid configuration: no configuration has been provided in ${kubeconfigPath}`);
    this.server = cluster.server;
    const pem = (data: string | undefined, file: string | undefined): Buffer => (data === undefined ? readFileSync(file ?? '') : Buffer.from(data, 'base64'));
    this.#agent = new Agent({
      keepAlive: true,
      ca: pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
      cert: pem(user['client-certificate-data'], user['client-certificate']),
      key: pem(user['client-key-data'], user['client-key']),
    });
  }

  /** @throws ApiError where the server refuses, an Error where it cannot be reached. */
  async call<T>(path: string, options: CallOptions = {}): Promise<T> {
    return JSON.parse(await this.text(path, options)) as T;
  }

  /** As call; null where there is no such object. */
  async find<T>(path: string): Promise<T | null> {
    try {
      return await this.call<T>(path);
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return null;
      throw error;
    }
  }

  async text(path: string, { method = 'GET', body, contentType = 'application/json', timeoutMs = CALL_MAX_MS }: CallOptions = {}): Promise<string> {
    const { code, text } = await this.#send(path, method, body, contentType, timeoutMs);
    if (code < 400) return text;
    const status = statusOf(text);
    throw new ApiError(code, status?.reason ?? '', status?.message ?? text.trim());
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, method: string, body: unknown, contentType: string, timeoutMs: number): Promise<{ code: number; text: string }> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.server);
      const call = request(url, { agent: this.#agent, method, timeout: timeoutMs, headers: body === undefined ? {} : { 'content-type': contentType } }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({ code: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }));
      });
      call.on('timeout', () => call.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')));
      call.on('error', (error) => reject(new Error(`${method[0]}${method.slice(1).toLowerCase()} "${url.href}": ${error.message || String((error as NodeJS.ErrnoException).code)}`, { cause: error })));
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function statusOf(text: string): { readonly reason?: string; readonly message?: string } | null {
  try {
    return JSON.parse(text) as { reason?: string; message?: string };
  } catch {
    return null;
  }
}
