import { describe, expect, it } from 'vitest';
import { oneLineSources, parseDeb822Sources, parseOneLineSources } from './apt-sources.ts';
import { cgroupHierarchies } from './cgroup-tree.ts';

describe('the Debian archives of the machine', () => {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const deb822 = `Types: deb deb-src
# a comment
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: ${keyring}

Types: deb
URIs: http://archive.example/debian-security http://second.example/debian-security
Suites:
 bookworm-security
Components: main

Types: deb
URIs: http://vendor.example/apt
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/vendor.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;

  it('reads deb822 files and leaves out vendors, sources and what is off', () => {
    expect(parseDeb822Sources(deb822, 'bookworm')).toEqual([
      { uri: 'http://archive.example/debian', suites: ['bookworm', 'bookworm-updates'], signedBy: keyring },
      { uri: 'http://archive.example/debian-security', suites: ['bookworm-security'], signedBy: null },
      { uri: 'http://second.example/debian-security', suites: ['bookworm-security'], signedBy: null },
    ]);
  });

  it.each([
    ['deb http://a.example/debian bookworm main', [{ uri: 'http://a.example/debian', suites: ['bookworm'], signedBy: null }]],
    [`deb [arch=amd64 signed-by=${keyring}] http://a.example/debian bookworm-updates main non-free`, [{ uri: 'http://a.example/debian', suites: ['bookworm-updates'], signedBy: keyring }]],
    ['# deb http://a.example/debian bookworm main', []],
    ['deb-src http://a.example/debian bookworm main', []],
    ['deb http://vendor.example/apt bookworm stable', []],
    ['deb http://vendor.example/apt sdk-bookworm main', []],
    ['deb http://a.example/debian bookworm-backports main', []],
    ['deb [signed-by=/etc/apt/keyrings/vendor.asc] http://vendor.example/apt bookworm main', []],
  ])('reads the line %s', (line, sources) => {
    expect(parseOneLineSources(line, 'bookworm')).toEqual(sources);
  });

  it('names the same archives for another release', () => {
    expect(oneLineSources(parseDeb822Sources(deb822, 'bookworm').slice(0, 2), 'bookworm', 'trixie')).toEqual([
      `deb [signed-by=${keyring}] http://archive.example/debian trixie main`,
      `deb [signed-by=${keyring}] http://archive.example/debian trixie-updates main`,
      'deb http://archive.example/debian-security trixie-security main',
    ]);
  });
});

describe('the control groups of the machine', () => {
  it('finds version 1 and 2 side by side, version 2 first', () => {
    const mountInfo = [
      '30 29 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory',
      '31 29 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '32 29 0:28 / /sys/fs/cgroup/systemd rw - cgroup systemd rw,xattr,name=systemd',
      '33 29 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate',
      '34 29 8:1 / / rw - ext4 /dev/sda1 rw',
    ].join('\n');
    const own = '4:memory:/limit/a\n3:cpu,cpuacct:/\n2:name=systemd:/init.scope\n0::/\n';
    expect(cgroupHierarchies(mountInfo, own)).toEqual([
      { version: 2, controllers: [], ownFolder: '/sys/fs/cgroup/unified/', mountPoint: '/sys/fs/cgroup/unified' },
      { version: 1, controllers: ['memory'], ownFolder: '/sys/fs/cgroup/memory/limit/a', mountPoint: '/sys/fs/cgroup/memory' },
      { version: 1, controllers: ['cpu', 'cpuacct'], ownFolder: '/sys/fs/cgroup/cpu,cpuacct/', mountPoint: '/sys/fs/cgroup/cpu,cpuacct' },
      { version: 1, controllers: ['name=systemd'], ownFolder: '/sys/fs/cgroup/systemd/init.scope', mountPoint: '/sys/fs/cgroup/systemd' },
    ]);
  });

  it('finds version 2 alone, and a group that is itself the root of the mount', () => {
    expect(cgroupHierarchies('29 28 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw', '0::/user.slice/s.scope\n')).toEqual([
      { version: 2, controllers: [], ownFolder: '/sys/fs/cgroup/user.slice/s.scope', mountPoint: '/sys/fs/cgroup' },
    ]);
    expect(cgroupHierarchies('29 28 0:25 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw', '0::/docker/1\n')[0]?.ownFolder).toMatch(/^\/sys\/fs\/cgroup\/?$/);
  });
});
