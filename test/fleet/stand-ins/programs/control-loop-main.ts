// The stand-in of kube-controller-manager and kube-scheduler, which do nothing here but run and say that they are well.
import { createServer } from 'node:http';
import { basename } from 'node:path';

import { passPoint } from '../faults.ts';
import { sayStandIn } from '../stand-in-notice.ts';

const program = basename(process.argv[1] ?? '');
process.title = program;
sayStandIn(program);
const version = (process.env['STAND_IN_IMAGE'] ?? '').split(':').at(-1) ?? '';
await passPoint(program, version, 'start');
createServer((_, response) => response.end('ok')).listen(program === 'kube-scheduler' ? 10259 : 10257, '127.0.0.1');
