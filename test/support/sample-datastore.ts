import type { SampleDatabase } from './bolt-file.ts';
import { number64, putRecord, revisionKey, tombstone } from './etcd-records.ts';

/** A small datastore with every kind of page in it: three levels of keys, a value that overflows, inline buckets, free pages. */
export const SAMPLE_DATASTORE: SampleDatabase = {
  freePages: 3,
  buckets: [
    { name: 'alarm', entries: [], inline: true },
    { name: 'auth', entries: [[Buffer.from('authEnabled'), Buffer.from([1])]], inline: true },
    { name: 'authRoles', entries: [[Buffer.from('root'), Buffer.from('x')]], inline: true },
    { name: 'authUsers', entries: [[Buffer.from('root'), Buffer.from('x')], [Buffer.from('user'), Buffer.from('y')]], inline: true },
    { name: 'cluster', entries: [[Buffer.from('clusterVersion'), Buffer.from('3.5.0')]], inline: true },
    {
      name: 'key',
      perPage: 3,
      entries: [
        putRecord(2, '/registry/namespaces/default', 'a'),
        putRecord(3, '/registry/pods/default/web', 'b'),
        ...Array.from({ length: 20 }, (_none, index) => putRecord(4 + index, `/registry/secrets/default/s${index}`, Buffer.alloc(150, index))),
        tombstone(24, '/registry/pods/default/web'),
        putRecord(25, '/registry/leases/kube-node-lease/n1', Buffer.alloc(5000, 7)),
        putRecord(26, '/bootstrap/token', 'c'),
        putRecord(27, '/registry/namespaces/default', 'd'),
      ],
    },
    { name: 'lease', entries: [[number64(77), Buffer.from('l')]] },
    {
      name: 'members',
      entries: [
        [Buffer.from('8e9e05c52164694d'), Buffer.from(JSON.stringify({ id: 10276657743932975437n.toString(), name: 'm0', peerURLs: ['https://10.0.0.1:2380'], clientURLs: ['https://10.0.0.1:2379'] }))],
        [Buffer.from('91bc3c398fb3c146'), Buffer.from('no JSON')],
      ],
    },
    { name: 'members_removed', entries: [[Buffer.from('fd422379fda50e48'), Buffer.from('removed')]], inline: true },
    {
      name: 'meta',
      inline: true,
      entries: [
        [Buffer.from('consistent_index'), number64(31)],
        [Buffer.from('finishedCompactRev'), revisionKey(1)],
        [Buffer.from('scheduledCompactRev'), revisionKey(1)],
        [Buffer.from('storageVersion'), Buffer.from('3.6.0')],
        [Buffer.from('term'), number64(5)],
      ],
    },
  ],
};
