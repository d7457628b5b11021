import { expect, test } from 'vitest';

import { hostsFiles } from '../../../../agent/steps/containerd/hosts-files.ts';

test('each host has a folder with what containerd asks in order', async () => {
  const mirror = { capabilities: ['pull', 'resolve'], ca: null, skipVerify: false, overridePath: false } as const;
  const files = await hostsFiles(
    {
      configPath: '/etc/containerd/certs.d',
      hosts: [
        { host: 'docker.io', server: 'https://registry-1.docker.io', mirrors: [{ ...mirror, url: 'https://cache.site:5000/v2/hub', overridePath: true }, { ...mirror, url: 'http://10.0.0.1', capabilities: ['pull'], skipVerify: true, ca: '/etc/ssl/site.pem' }] },
        { host: '_default', server: null, mirrors: [{ ...mirror, url: 'https://cache.site:5000' }] },
      ],
    },
  );
  expect(files.map(({ path }) => path)).toEqual(['/etc/containerd/certs.d/docker.io/hosts.toml', '/etc/containerd/certs.d/_default/hosts.toml']);
  expect(files[0]?.text).toBe(`server = "https://registry-1.docker.io"

[host."https://cache.site:5000/v2/hub"]
capabilities = ["pull", "resolve"]
override_path = true

[host."http://10.0.0.1"]
capabilities = ["pull"]
ca = "/etc/ssl/site.pem"
skip_verify = true
`);
  expect(files[1]?.text).toBe('[host."https://cache.site:5000"]\ncapabilities = ["pull", "resolve"]\n');
});
