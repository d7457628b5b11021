import { join } from 'node:path';
import { makeDeb } from '../fleet/deb-package.ts';
import { writeAptRepository } from '../fleet/apt-repository.ts';

export const SERVICE = 'sample.service';
/** Made longer than one write of dpkg, so that a kill at a random instant often lands within it. */
const DATA_FILES = 150;

/**
 * sample          a service; held on every host; two configuration files
 * sample-data     its files; automatically installed; goes up and down with it
 * sample-extra    needed from 2.0 on only: newly installed going up, gone again going back
 *
 * 1.0 -> 2.0 works; 3.0 installs, starts, and crashes. What postinst writes is not synced by anybody but us.
 */
export interface SampleRepository {
  readonly folder: string;
  /** What a host begins with, in the order of dpkg's arguments. */
  readonly old: readonly string[];
}

/** @param folder of this run alone: hosts of another one read theirs. */
export async function makeSampleRepository(folder: string): Promise<SampleRepository> {
  const data = await Promise.all(['1.0', '2.0'].map((version) => makeDeb(folder, { name: 'sample-data', version, files: dataFiles(version) })));
  const extra = await makeDeb(folder, { name: 'sample-extra', version: '1.0', files: { '/usr/lib/sample-extra/readme': 'needed from sample 2.0 on\n' } });
  const samples = await Promise.all([makeSample(folder, '1.0', 'stays'), makeSample(folder, '2.0', 'stays'), makeSample(folder, '3.0', 'crashes')]);
  const repository = join(folder, 'repository');
  await writeAptRepository(repository, [...data, extra, ...samples]);
  return { folder: repository, old: [data[0] ?? '', samples[0] ?? ''] };
}

function dataFiles(version: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Array.from({ length: DATA_FILES }, (_, index) => [`/usr/share/sample/data-${index}`, `${version} ${index}\n`.repeat(40)]));
}

function makeSample(folder: string, version: string, service: 'stays' | 'crashes'): Promise<string> {
  const run = service === 'stays' ? 'while :; do sleep 1000; done' : 'sleep 0.3\nexit 1';
  return makeDeb(folder, {
    name: 'sample',
    version,
    depends: version === '1.0' ? ['sample-data (>= 1.0)'] : ['sample-data (>= 2.0)', 'sample-extra'],
    files: {
      '/usr/lib/sample/version': `${version}\n`,
      '/usr/lib/sample/run': { content: `#!/bin/sh\n${run}\n`, mode: 0o755 },
      // The version stands in the running process' command line, for whoever looks from outside.
      '/lib/systemd/system/sample.service': `[Unit]\nDescription=sample ${version}\n[Service]\nExecStart=/bin/sh /usr/lib/sample/run ${version}\n[Install]\nWantedBy=multi-user.target\n`,
      '/etc/sample/sample.conf': `written by the package: ${version}\n`,
      '/etc/sample/edited.conf': `as the package brings it: ${version}\n`,
    },
    conffiles: ['/etc/sample/sample.conf', '/etc/sample/edited.conf'],
    scripts: {
      postinst: [
        'if [ "$1" = configure ]; then',
        `  mkdir -p /var/lib/sample; rm -f /var/lib/sample/configured-*; echo ${version} > /var/lib/sample/configured-${version}`,
        '  if [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl enable --quiet sample.service; systemctl restart sample.service; fi',
        'fi',
      ].join('\n'),
      prerm: 'if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --quiet --now sample.service; fi',
      postrm: 'if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi',
    },
  });
}

export function samplePlan(version: string, nodes: number, maxFailures: number): string {
  return `apiVersion: farrier/v1
kind: Plan
metadata: { name: sample-${version.replace('.', '-')} }
spec:
  maxUnavailable: ${nodes}
  maxFailures: ${maxFailures}
  steps:
    - packages: { install: { sample: "${version}" }, sources: [local] }
    - service: { restart: ${SERVICE}, looks: 3, every: 300ms }
`;
}
