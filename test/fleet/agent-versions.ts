import { readFileSync, writeFileSync } from 'node:fs';
import { builtPackage } from '../support/built-package.ts';
import { writeAptRepository } from './apt-repository.ts';
import { mustRun } from './run-program.ts';

/** The version that a fleet begins with (package.json says so too), and what its hosts are offered. */
export const OLD = '0.1.0';
export const GOOD = '0.2.0';
export const CANNOT_START = '0.3.0';
export const CANNOT_CONNECT = '0.4.0';
/** Its maintainer scripts fail, its unit names no program, and its launcher does nothing. */
export const BROKEN_PACKAGE = '0.5.0';

/**
 * A repository with versions of the agent that work and that do not. @param folder of this run alone.
 * @param old the package that hosts begin with. @param halting for a proof that kills: what works halts where it is told to.
 */
export async function makeAgentRepository(folder: string, old: string, halting = false): Promise<string> {
  const good = await builtPackage({ name: 'farrier-agent', outFolder: folder, version: GOOD, ...(halting ? { mutation: 'halt-at-record' } : {}) });
  const dead = await builtPackage({ name: 'farrier-agent', outFolder: folder, version: CANNOT_START, mutation: 'agent-cannot-start' });
  const mute = await builtPackage({ name: 'farrier-agent', outFolder: folder, version: CANNOT_CONNECT, mutation: 'agent-cannot-connect' });
  const paths = [old, ...[good, dead, mute].map(({ path }) => path)];
  if (halting) paths.push(await breakPackage((await builtPackage({ name: 'farrier-agent', outFolder: folder, version: BROKEN_PACKAGE })).path, folder));
  const repository = `${folder}/repository`;
  await writeAptRepository(repository, paths);
  return repository;
}

/** Flips and restarts, and then fails; what would take it away again fails as well. */
async function breakPackage(deb: string, folder: string): Promise<string> {
  const tree = `${folder}/broken`;
  await mustRun(['dpkg-deb', '--raw-extract', deb, tree]);
  const edit = (path: string, change: (text: string) => string): void => writeFileSync(`${tree}/${path}`, change(readFileSync(`${tree}/${path}`, 'utf8')));
  edit('DEBIAN/postinst', (text) => `${text}\nexit 1\n`);
  for (const script of ['prerm', 'postrm']) edit(`DEBIAN/${script}`, () => '#!/bin/sh\nexit 1\n');
  edit('usr/lib/systemd/system/farrier-agent.service', (text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/usr/bin/no-such-program'));
  edit('usr/bin/farrier-agent', () => '#!/bin/sh\nexit 1\n');
  await mustRun(['dpkg-deb', '-Znone', '--root-owner-group', '--build', tree, deb]);
  return deb;
}

export function agentPlan(version: string, nodes: number, more: { readonly connectWithin?: string; readonly select?: string } = {}): string {
  return `apiVersion: farrier/v1
kind: Plan
metadata: { name: agent-${version.replaceAll('.', '-')} }
spec:
${more.select === undefined ? '' : `  select: { labels: ${more.select} }\n`}  maxUnavailable: ${nodes}
  maxFailures: ${nodes - 1}
  steps:
    - agent: { version: "${version}", sources: [local], connectWithin: ${more.connectWithin ?? '2m'} }
`;
}
