import type { NodeName } from '../../shared/domain/ids.ts';
import { holdsCluster } from '../../shared/domain/node-role.ts';
import type { ProofToolRef } from '../../shared/domain/snapshot-command.ts';
import { whyNotOrdered } from './datastore-members.ts';
import type { NodeView, World } from './world.ts';

/** Who restores a snapshot to prove it. */
export interface Prover {
  readonly node: NodeName;
  /** `age1...`: what is sealed for it, it can open. */
  readonly recipient: string;
  /** That it has to fetch; none where it has them. */
  readonly tools: readonly ProofToolRef[];
}

/** Programs of etcd's that the coordinator has for hosts, by minor and then by architecture. */
export type EtcdTools = Readonly<Record<string, Readonly<Record<string, readonly ProofToolRef[]>>>>;

export interface ProverQuestion {
  readonly cluster: string;
  /** That has it: proves its own only where nobody else can. */
  readonly taker: NodeName;
  readonly datastore: 'etcd' | 'sqlite';
  readonly minor: string | null;
  readonly sizeBytes: number;
  readonly tools: EtcdTools;
  /** Whose last proof came to nothing, the latest last: they are asked again, in turn, where nobody else can. */
  readonly failed: ReadonlySet<NodeName>;
  /** Whether a host can open it: all can, of what is yet to be taken. */
  readonly canOpen: (recipient: string) => boolean;
}

/** The file in plain, etcd's log and its data: each may be as large as the database (the agent looks again, at what it needs). */
const ROOM_TIMES = 3;
const EXPLAINED_MAX = 8;

/**
 * Another host before the taker, one of the same cluster before a stranger (a proof has all of a cluster's secrets on its disk
 * for a moment), none that holds a cluster unless its own settings say so, the one with the most room first. @returns why nobody, as text
 */
export function chooseProver(world: World, question: ProverQuestion): Prover | string {
  const judged = [...world.nodes.values()].map((view) => ({ view, why: whyNotOrdered(world, view) || whyNotProver(view, question) }));
  const [chosen] = judged.filter(({ why }) => why === '').map(({ view }) => view).toSorted((a, b) => failedLast(a, question) - failedLast(b, question) || rank(a, question) - rank(b, question) || freeBytes(b) - freeBytes(a) || (a.record.name < b.record.name ? -1 : 1));
  if (chosen === undefined) return nobody(judged, question);
  return { node: chosen.record.name, recipient: chosen.facts?.facts.snapshots?.recipient ?? '', tools: hasTools(chosen, question) ? [] : fetched(chosen, question) };
}

function whyNotProver(view: NodeView, question: ProverQuestion): string {
  const facts = view.facts?.facts.snapshots ?? null;
  if (facts === null) return '';
  if (!facts.mayProve) return facts.reason;
  if (!question.canOpen(facts.recipient)) return 'it is not sealed for this host';
  if (facts.freeBytes < ROOM_TIMES * question.sizeBytes) return 'it has not the room';
  // Who proves what it takes has nothing to fetch them for.
  if (hasTools(view, question) || (view.record.name !== question.taker && fetched(view, question).length > 0)) return '';
  return `it has not the programs of etcd ${question.minor ?? '(of any version)'}`;
}

function hasTools({ facts }: NodeView, { minor, datastore }: ProverQuestion): boolean {
  const tools = facts?.facts.snapshots?.tools ?? [];
  return datastore === 'sqlite' || (minor === null ? tools.length > 0 : tools.includes(minor));
}

function fetched({ facts }: NodeView, { minor, tools }: ProverQuestion): readonly ProofToolRef[] {
  return minor === null ? [] : (tools[minor]?.[facts?.facts.architecture ?? ''] ?? []);
}

function failedLast({ record }: NodeView, { failed }: ProverQuestion): number {
  return [...failed].indexOf(record.name) + 1;
}

function rank({ record, facts }: NodeView, { taker, cluster }: ProverQuestion): number {
  if (record.name === taker) return 3;
  if (holdsCluster(facts?.facts ?? null)) return 2;
  return record.cluster === cluster ? 0 : 1;
}

function freeBytes({ facts }: NodeView): number {
  return facts?.facts.snapshots?.freeBytes ?? 0;
}

function nobody(judged: readonly { readonly view: NodeView; readonly why: string }[], { minor }: ProverQuestion): string {
  const byReason = [...Map.groupBy(judged, ({ why }) => why)].slice(0, EXPLAINED_MAX);
  const hosts = byReason.map(([why, of]) => `${of.slice(0, 3).map(({ view }) => view.record.name).join(', ')}${of.length > 3 ? ` and ${of.length - 3} more` : ''}: ${why}`);
  const tools = minor === null ? '' : `; programs of etcd ${minor} are put into a host's \`toolsFolder\`, or added as artifacts and named under \`etcdTools\` in coordinator.yaml`;
  return `no host can prove it. ${hosts.join('; ')}${tools}`;
}
