import type { Host } from '../fleet/host.ts';
import { boundariesOf, type Boundary, type Path, withoutPrefix } from './boundary.ts';
import { arm, disarm, waitUntilHalted } from './halt.ts';
import { readJournal } from './host-journal.ts';
import { inflict, type Inflicted } from './inflict.ts';
import { beginPath, failed, settlePath } from './play-path.ts';
import type { ProofStage } from './proof-stage.ts';
import { say } from './say.ts';

/** A boundary at which a host was hit, and came through. */
export interface Proved {
  readonly inflicted: Inflicted;
  readonly boundary: Boundary;
}

const HALT_MAX_MS = 90_000;

/** Of one assignment of each path to which nothing happened. */
export interface Paths {
  readonly upgrade: readonly Boundary[];
  readonly rollback: readonly Boundary[];
  readonly revert: readonly Boundary[];
}

/** Walks every path once, with nothing going wrong, to see which records it leaves. */
export async function readPaths(stage: ProofStage): Promise<Paths> {
  const [host] = stage.nodes;
  if (host === undefined) throw new Error('a proof needs a node');
  await hitBoundaries(stage, { path: 'revert', boundaries: [], inflicted: 'kill' });
  const records = await readJournal(host);
  const generations = [...new Set(records.map(({ generation }) => generation))].slice(-3);
  const of = (path: Path, index: number): readonly Boundary[] => boundariesOf(path, records.filter(({ generation }) => generation === generations[index]));
  const upgrade = of('upgrade', 0);
  return { upgrade, rollback: of('rollback', 1), revert: withoutPrefix(of('revert', 2), upgrade) };
}

/**
 * Hits hosts at these boundaries, a host a boundary, as many at once as there are nodes; up and down in turn, so that
 * every host is fully old before the next round. @throws ProofFailed at the first host that does not end as it must.
 */
export async function proveBoundaries(stage: ProofStage, paths: Paths, inflicted: Inflicted): Promise<readonly Proved[]> {
  const size = stage.nodes.length;
  const [ups, downs, reverts] = [inRounds(paths.upgrade, size), inRounds(paths.rollback, size), inRounds(paths.revert, size)];
  const proved: Proved[] = [];
  const play = async (path: Path, boundaries: readonly Boundary[]): Promise<void> => {
    await hitBoundaries(stage, { path, boundaries, inflicted });
    proved.push(...boundaries.map((boundary) => ({ inflicted, boundary })));
  };
  for (let index = 0; index < Math.max(ups.length, downs.length); index += 1) {
    await play('upgrade', ups[index] ?? []);
    await play('rollback', downs[index] ?? []);
  }
  for (const boundaries of reverts) await play('revert', boundaries);
  return proved;
}

export interface Round {
  readonly path: Path;
  /** One for each node, as far as they go. */
  readonly boundaries: readonly Boundary[];
  readonly inflicted: Inflicted;
}

/** One rollout, a host a boundary; every host is fully new or fully old afterwards. @throws ProofFailed */
export async function hitBoundaries(stage: ProofStage, { path, boundaries, inflicted }: Round): Promise<void> {
  const startedMs = performance.now();
  const hit = boundaries.flatMap((boundary, index) => {
    const host = stage.nodes[index];
    return host === undefined ? [] : [{ host, boundary }];
  });
  for (const { host, boundary } of hit) await arm(host, boundary);
  const rollout = await beginPath(stage, path);
  const missed = (await Promise.all(hit.map(({ host, boundary }) => hitAt(host, boundary, inflicted)))).flat();
  if (missed.length > 0) throw await failed(stage, rollout, missed);
  await settlePath(stage, path, rollout);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const places = hit.map(({ boundary }) => `${boundary.side} ${boundary.label}`).join(', ');
  say(`  ${path.padEnd(9)} ${seconds.padStart(5)} s  ${places === '' ? 'nothing happened' : `${inflicted} ${places}`}`);
}

async function hitAt(host: Host, { side, label }: Boundary, inflicted: Inflicted): Promise<readonly string[]> {
  if (await waitUntilHalted(host, HALT_MAX_MS)) {
    await inflict(host, inflicted);
    return [];
  }
  await disarm(host);
  return [`${host.name} never came to ${side} ${label}`];
}

function inRounds(boundaries: readonly Boundary[], size: number): readonly (readonly Boundary[])[] {
  return Array.from({ length: Math.ceil(boundaries.length / size) }, (_, index) => boundaries.slice(index * size, (index + 1) * size));
}
