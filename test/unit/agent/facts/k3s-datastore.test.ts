import { afterEach, beforeEach, expect, test } from 'vitest';

import { hostFiles } from '../../../../agent/facts/host-files.ts';
import { readK3s } from '../../../../agent/facts/k3s.ts';
import { HostRoot } from '../../../support/host-root.ts';

let root: HostRoot;
beforeEach(() => {
  root = new HostRoot();
});
afterEach(() => root.remove());

test.each([
  ['external', '#!/bin/sh\nexec k3s-1.34 server --datastore-endpoint="$DATABASE"\n'],
  ['external', '#!/bin/sh\nexport K3S_DATASTORE_ENDPOINT=postgres://db\nexec k3s-1.34 server\n'],
  // It names the flag and gives it nothing.
  ['sqlite', "#!/usr/bin/env node\nconst FLAGS = ['data-dir', 'datastore-endpoint'];\n"],
  ['sqlite', '#!/bin/sh\nexport K3S_DATASTORE_ENDPOINT=\nexec k3s-1.34 server\n'],
])('the datastore of K3s is %s where a script starts it: %j', (datastore, script) => {
  root.write('/etc/systemd/system/k3s.service', '[Service]\nExecStart=/usr/local/bin/k3s server\n');
  root.write('/usr/local/bin/k3s', script);
  root.write('/var/lib/rancher/k3s/server/db/state.db', '');
  expect(readK3s(hostFiles(root.folder), 'edge-1')?.datastore).toBe(datastore);
});
