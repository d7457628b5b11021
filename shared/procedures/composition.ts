import type { HostFacts } from '../domain/host-facts.ts';
import type { NodeName } from '../domain/ids.ts';
import type { StepSpec } from '../domain/step-spec.ts';
import { namesOf } from './names-of.ts';

/** A step and the condition that put it there: `kubelet 1.33.9 is below 1.34.1`. */
export interface ComposedStep {
  readonly step: StepSpec;
  readonly because: string;
}

/** One node as a procedure sees it. */
export interface ProcedureNode {
  readonly name: NodeName;
  /** Empty where it stands in none. */
  readonly cluster: string;
  /** Null where its agent never told any. */
  readonly facts: HostFacts | null;
  /** Null where it never connected since the coordinator started. */
  readonly agent: { readonly version: string; readonly stepKinds: readonly string[] } | null;
  /** The rollout takes it; the others are looked at because the order of a cluster depends on all of its nodes. */
  readonly isSelected: boolean;
}

/** What keeps a plan from starting, found by looking at the fleet. */
export interface ProcedureProblem {
  readonly code: ProcedureProblemCode;
  /** Below `spec`, as a plan writes it: `procedure.packages`. */
  readonly path: string;
  /** Cause and remedy; names the nodes. */
  readonly message: string;
}

export type ProcedureProblemCode =
  | 'nothing-to-do'
  | 'facts-missing'
  | 'downgrade'
  | 'hop-missing'
  | 'forbidden-skew'
  | 'control-plane-unknown'
  | 'control-plane-left-out'
  | 'point-of-no-return'
  | 'build-missing'
  | 'other-runtime';

/** One rollout of a chain; most procedures have one hop. */
export interface Hop {
  /** What every node that it takes runs afterwards, as people say it: `v1.34.9`. Empty where it is no version. */
  readonly target: string;
  /** Never empty: a node without a step is not in it. */
  readonly steps: ReadonlyMap<NodeName, readonly ComposedStep[]>;
  /** Of the nodes that it takes: those that go before all others of their cluster, in this order. */
  readonly order: HopOrder;
  /** Nodes that nothing brings back once they are done. */
  readonly noReturn: ReadonlySet<NodeName>;
  /** What the hops before it will have left of the nodes concerned; whoever is not in it is as it told. */
  readonly facts: ReadonlyMap<NodeName, HostFacts>;
}

export interface HopOrder {
  /** Alone at first: what it does, the further ones need. */
  readonly first: ReadonlySet<NodeName>;
  readonly controlPlane: ReadonlySet<NodeName>;
}

export type PlannedProcedure =
  | { readonly ok: true; readonly hops: readonly Hop[] }
  | { readonly ok: false; readonly problems: readonly ProcedureProblem[] };

const NO_ORDER: HopOrder = { first: new Set(), controlPlane: new Set() };

/** The same procedure on each selected node, in any order; what it composes no step for is at the target. */
export function oneHop(nodes: readonly ProcedureNode[], compose: (node: ProcedureNode) => readonly ComposedStep[]): readonly Hop[] {
  return [{ target: '', order: NO_ORDER, noReturn: new Set(), facts: new Map(), steps: new Map(nodes.filter(({ isSelected }) => isSelected).map((node) => [node.name, compose(node)])) }];
}

/** One problem that names all of these nodes; none where there are none. */
export function problemAbout(nodes: readonly ProcedureNode[], about: Omit<ProcedureProblem, 'message'>, message: (names: string) => string): readonly ProcedureProblem[] {
  return nodes.length === 0 ? [] : [{ ...about, message: message(namesOf(nodes.map(({ name }) => name))) }];
}
