import { Server, ServerCredentials } from '@grpc/grpc-js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { socketCri } from '../../../agent/adapters/runtimes/socket-cri.ts';
import { runtimeInterface } from '../../../shared/wire/runtime-interface.ts';
import { serveCri } from '../../fleet/stand-ins/serve-cri.ts';
import { askRuntime, runtimeVersionOf } from '../../fleet/stand-ins/kubelet/ask-runtime.ts';

let folder: string;
let server: Server;
const endpoint = (): string => `unix://${join(folder, 'x.sock')}`;
const listen = (): Promise<void> => new Promise((resolve, reject) => server.bindAsync(`unix:${join(folder, 'x.sock')}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-ask-'));
  server = new Server();
});
afterEach(() => {
  server.forceShutdown();
  rmSync(folder, { recursive: true });
});

test('a runtime says its name and version to a stand-in as to any client', async () => {
  const { RuntimeService } = runtimeInterface();
  const service = { version: RuntimeService.service.Version };
  server.addService(service, { version: (_call: unknown, done: (error: null, value: object) => void) => done(null, { version: '0.1.0', runtimeName: 'containerd', runtimeVersion: '1.6.20~ds1', runtimeApiVersion: 'v1' }) });
  await listen();
  expect(await askRuntime(endpoint())).toEqual({ name: 'containerd', version: '1.6.20~ds1' });
});

test('one without the runtime interface is refused in the words of the call', async () => {
  await listen();
  await expect(askRuntime(endpoint())).rejects.toThrow(/^rpc error: code = Unimplemented/);
});

test('nobody there is an error', async () => {
  await expect(askRuntime(endpoint())).rejects.toThrow(/ENOENT/);
});

test.each([['1.6.20~ds1', 'containerd://1.6.20'], ['v2.1.4', 'containerd://2.1.4'], ['2.1.4-k3s2', 'containerd://2.1.4']])('%s is reported as %s', (version, reported) => {
  expect(runtimeVersionOf({ name: 'containerd', version })).toBe(reported);
});

test('a stand-in of a runtime says to the agent’s own client what it is, and which runtimes it has', async () => {
  const path = join(folder, 'stand-in.sock');
  const served = serveCri({ version: async () => ({ name: 'containerd', version: '2.1.4-k3s2' }), handlers: ['kata', 'runc'] }, { path });
  expect(await askRuntime(`unix://${path}`)).toEqual({ name: 'containerd', version: '2.1.4-k3s2' });
  expect(await socketCri(path).look(AbortSignal.timeout(10_000))).toMatchObject({ reached: true, runtime: 'containerd', ready: true, handlers: ['kata', 'runc'], cgroupDriver: null });
  served.close();
});

test('one whose runtime is gone says so', async () => {
  const path = join(folder, 'stand-in.sock');
  const served = serveCri({ version: () => Promise.reject(new Error('no Docker')) }, { path });
  await expect(askRuntime(`unix://${path}`)).rejects.toThrow(/code = Code\(14\).*no Docker/);
  served.close();
});
