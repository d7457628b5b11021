// The stand-in of kubectl: what upgrades and their tests call.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { ApiClient } from '../api/api-client.ts';
import { ApiError } from '../api/api-status.ts';
import type { KubeObject, NodeObject } from '../api/kube-object.ts';
import { builtVersion, sayStandIn } from '../stand-in-notice.ts';
import { versionInfo } from '../version-info.ts';

const PATCH_TYPES: Readonly<Record<string, string>> = { strategic: 'application/strategic-merge-patch+json', merge: 'application/merge-patch+json', json: 'application/json-patch+json' };

sayStandIn('kubectl');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kubeconfig: { type: 'string' }, raw: { type: 'string' }, filename: { type: 'string', short: 'f' }, output: { type: 'string', short: 'o' }, client: { type: 'boolean' },
    type: { type: 'string' }, patch: { type: 'string', short: 'p' }, namespace: { type: 'string', short: 'n' },
  },
});

try {
  await run(positionals);
} catch (error) {
  const isRefusal = error instanceof ApiError;
  console.error(isRefusal ? `Error from server${error.reason === '' ? '' : ` (${error.reason})`}: ${error.message}` : `error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function run([verb = '', kind = '', name = '']: readonly string[]): Promise<void> {
  if (verb === 'version' && values.client === true) return print({ clientVersion: versionInfo(builtVersion()) });
  const client = new ApiClient(values.kubeconfig ?? process.env['KUBECONFIG'] ?? `${process.env['HOME']}/.kube/config`);
  try {
    switch (verb) {
      case 'version': return print({ clientVersion: versionInfo(builtVersion()), serverVersion: await client.call('/version') });
      case 'get': return values.raw === undefined ? await get(client, kind, name) : void process.stdout.write(await client.text(values.raw));
      case 'create': return void process.stdout.write(await client.text(values.raw ?? '', { method: 'POST', body: JSON.parse(readFileSync(values.filename === '-' ? 0 : (values.filename ?? ''), 'utf8')) }));
      case 'patch': {
        await client.call(pathOf(kind, name), { method: 'PATCH', contentType: PATCH_TYPES[values.type ?? 'strategic'] ?? '', body: JSON.parse(values.patch ?? '') });
        return console.log(`${kind}/${name} patched`);
      }
      case 'cordon':
      case 'uncordon': {
        await client.call(pathOf('nodes', kind), { method: 'PATCH', contentType: PATCH_TYPES['strategic'] ?? '', body: { spec: { unschedulable: verb === 'cordon' ? true : null } } });
        return console.log(`node/${kind} ${verb}ed`);
      }
      default: throw new Error(`unknown command "${verb}" for "kubectl"`);
    }
  } finally {
    client.close();
  }
}

async function get(client: ApiClient, kind: string, name: string): Promise<void> {
  const found = await client.call<KubeObject & { readonly items?: readonly NodeObject[] }>(pathOf(kind, name));
  if (values.output === 'json') return print(found);
  const nodes = found.items ?? [found as NodeObject];
  console.log('NAME STATUS VERSION');
  for (const { metadata, spec, status } of nodes) {
    const isReady = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
    console.log(`${metadata.name} ${isReady ? 'Ready' : 'NotReady'}${spec.unschedulable === true ? ',SchedulingDisabled' : ''} ${status.nodeInfo?.['kubeletVersion'] ?? ''}`);
  }
}

function pathOf(kind: string, name: string): string {
  const plural = { node: 'nodes', pod: 'pods', configmap: 'configmaps', cm: 'configmaps' }[kind] ?? kind;
  const scope = plural === 'nodes' ? '' : `namespaces/${values.namespace ?? 'default'}/`;
  return `/api/v1/${scope}${plural}${name === '' ? '' : `/${name}`}`;
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, values.output === 'json' ? 2 : 4));
}
