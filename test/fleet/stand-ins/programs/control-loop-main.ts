// The stand-in of kube-controller-manager and kube-scheduler: of all that they do, only the lifecycle of nodes.
import { createServer } from 'node:http';
import { basename } from 'node:path';

import { ApiClient } from '../api/api-client.ts';
import { passPoint } from '../faults.ts';
import { runNodeLifecycle } from '../node-lifecycle.ts';
import { sayStandIn } from '../stand-in-notice.ts';

const program = basename(process.argv[1] ?? '');
process.title = program;
sayStandIn(program);
const version = (process.env['STAND_IN_IMAGE'] ?? '').split(':').at(-1) ?? '';
const kubeconfig = process.argv.find((word) => word.startsWith('--kubeconfig='))?.slice('--kubeconfig='.length) ?? '';
await passPoint(program, version, 'start');
createServer((_, response) => response.end('ok')).listen(program === 'kube-scheduler' ? 10259 : 10257, '127.0.0.1');
if (program === 'kube-controller-manager') await runNodeLifecycle(new ApiClient(kubeconfig));
