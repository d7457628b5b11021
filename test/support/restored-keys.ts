import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { mustRun, runProgram } from '../fleet/run-program.ts';
import type { EtcdPrograms } from './etcd-programs.ts';
import { freePorts } from './free-port.ts';

const START_MAX_MS = 60_000;
const READ_MAX_MS = 60_000;

/** Every key below a prefix, with its value, as etcd itself restores it from a plain snapshot and tells it. */
export async function restoredKeys({ etcd, etcdctl }: EtcdPrograms, snapshot: string, prefix: string): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-restored-'));
  const [clientPort, peerPort] = await freePorts(2);
  const endpoint = `http://127.0.0.1:${clientPort}`;
  const env = { ...process.env, ETCDCTL_API: '3' };
  const dataDir = join(folder, 'data');
  await mustRun([etcdctl, 'snapshot', 'restore', snapshot, '--data-dir', dataDir], { timeoutMs: READ_MAX_MS, env });
  const member = spawn('setpriv', ['--pdeathsig', 'KILL', etcd, '--data-dir', dataDir, '--listen-client-urls', endpoint, '--advertise-client-urls', endpoint, '--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--logger', 'zap'], { stdio: 'ignore' });
  try {
    const ctl = [etcdctl, '--endpoints', endpoint];
    for (const untilMs = performance.now() + START_MAX_MS; (await runProgram([...ctl, 'endpoint', 'health'], { env })).exitCode !== 0; await sleep(100)) {
      if (member.exitCode !== null || performance.now() > untilMs) throw new Error(`what was restored of ${snapshot} does not start`);
    }
    const { kvs = [] } = JSON.parse(await mustRun([...ctl, 'get', '--prefix', prefix, '--write-out', 'json'], { timeoutMs: READ_MAX_MS, env })) as { kvs?: readonly { key: string; value: string }[] };
    return new Map(kvs.map(({ key, value }) => [text(key), text(value)]));
  } finally {
    const gone = once(member, 'exit');
    if (member.kill('SIGKILL')) await gone;
    rmSync(folder, { recursive: true });
  }
}

function text(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
