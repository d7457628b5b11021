import { builtPackage } from '../support/built-package.ts';
import { writeAptRepository } from './apt-repository.ts';

/** The version that a fleet begins with (package.json says so too), and what its hosts are offered. */
export const OLD = '0.1.0';
export const GOOD = '0.2.0';
export const CANNOT_START = '0.3.0';
export const CANNOT_CONNECT = '0.4.0';

/**
 * A repository with versions of the agent that work and that do not. @param folder of this run alone.
 * @param old the package that hosts begin with. @param halting for a proof that kills: what works halts where it is told to.
 */
export async function makeAgentRepository(folder: string, old: string, halting = false): Promise<string> {
  const good = await builtPackage({ name: 'farrier-agent', outFolder: folder, version: GOOD, ...(halting ? { mutation: 'halt-at-record' } : {}) });
  const dead = await builtPackage({ name: 'farrier-agent', outFolder: folder, version: CANNOT_START, mutation: 'agent-cannot-start' });
  const mute = await builtPackage({ name: 'farrier-agent', outFolder: folder, version: CANNOT_CONNECT, mutation: 'agent-cannot-connect' });
  const repository = `${folder}/repository`;
  await writeAptRepository(repository, [old, ...[good, dead, mute].map(({ path }) => path)]);
  return repository;
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
