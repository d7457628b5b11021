import type { FrozenPlan } from '../../shared/domain/plan.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { PinnedImage } from '../../shared/domain/steps/images-spec.ts';
import type { ComposedStep, Hop } from '../../shared/procedures/composition.ts';
import { runtimeClasses } from '../../shared/procedures/runtime-classes.ts';
import type { CheckPlanResponse } from '../../shared/wire/messages.ts';
import { describeStep } from './describe-step.ts';
import type { Resolved } from './freeze-plan.ts';

type PlannedHop = NonNullable<CheckPlanResponse['hops']>[number];
type PlannedGroup = NonNullable<PlannedHop['groups']>[number];

/**
 * What a plan would do to the fleet as it is now: message CheckPlanResponse, without its diagnostics.
 *
 * @param ceiling how many nodes of the fleet its policy lets be unavailable at once.
 */
export function showPlan(resolved: Resolved, first: FrozenPlan, ceiling: number): Pick<CheckPlanResponse, 'hops' | 'satisfied' | 'notChecked' | 'manifests'> {
  const frozen: FrozenPlan[] = [];
  for (let each: FrozenPlan | null = first; each !== null; each = each.chain?.next ?? null) frozen.push(each);
  return {
    hops: resolved.hops.map((hop, index) => showHop(resolved, hop, frozen[index] ?? first, ceiling)),
    satisfied: [...(frozen.at(-1)?.satisfied ?? [])],
    notChecked: notChecked(resolved.hops),
    manifests: [...runtimeClasses(resolved.hops.flatMap(({ steps }) => [...steps.values()].flat()).map(({ step }) => step))],
  };
}

/** What only the host itself knows shows when it stages. */
function notChecked(hops: readonly Hop[]): string[] {
  const hosts = new Map<string, { readonly verb: Verb; readonly names: Set<NodeName> }>();
  for (const [name, steps] of hops.flatMap((hop) => [...hop.steps])) {
    for (const [verb, what] of steps.flatMap(({ step }, index) => unseen(step, steps.slice(0, index)))) {
      const same = hosts.get(what) ?? { verb, names: new Set<NodeName>() };
      same.names.add(name);
      hosts.set(what, same);
    }
  }
  return [...hosts].map(([what, { verb, names }]) => `whether ${names.size === 1 ? `1 host ${VERBS[verb]}` : `${names.size} hosts ${verb}`} ${what}`);
}

type Verb = 'find' | 'have';
const VERBS: Readonly<Record<Verb, string>> = { find: 'finds', have: 'has' };

function unseen(step: StepSpec, earlier: readonly ComposedStep[]): readonly (readonly [Verb, string])[] {
  if ('sources' in step && step.sources.length > 0) return [['find', `${describeStep(step)} in ${step.sources.join(' or ')}`]];
  if ((step.kind === 'containerd' && step.action === 'configure') || step.kind === 'k3s_runtimes') return [['have', `a configuration that takes step ${step.name}`]];
  if (step.kind === 'images' && step.source.kind === 'docker') return [['have', `${describeStep(step)} in Docker`]];
  if (step.kind !== 'cri_probe' || step.archive !== null) return [];
  return earlier.some((each) => brings(each.step, step.image)) ? [] : [['have', `image ${step.image.name}`]];
}

function brings(step: StepSpec, { name, id }: PinnedImage): boolean {
  return step.kind === 'images' && step.source.kind !== 'docker' && step.source.archives.some(({ images }) => images.some((image) => image.name === name && image.id === id));
}

function showHop({ roleOf, drainOf }: Resolved, hop: Hop, { waves, maxUnavailable }: FrozenPlan, ceiling: number): PlannedHop {
  const groups = new Map<string, PlannedGroup>();
  for (const node of waves.flatMap(({ nodes }) => nodes)) {
    const steps = hop.steps.get(node) ?? [];
    const role = hop.order.first.has(node) ? 'first control plane' : roleOf(node).replace('-', ' ');
    const { isDrained, because } = drainOf(hop, node);
    const key = JSON.stringify([role, steps, because]);
    const nodes = [...(groups.get(key)?.nodes ?? []), node];
    groups.set(key, { nodes, role, steps: steps.map(showStep), drained: isDrained, drainedBecause: because });
  }
  const limits = { maxUnavailable: Math.min(maxUnavailable, ceiling), wantedUnavailable: maxUnavailable };
  return { target: hop.target, ...limits, waves: waves.map(({ name, nodes }) => ({ name, nodes: [...nodes] })), groups: [...groups.values()] };
}

function showStep({ step, because }: ComposedStep) {
  return { name: step.name, kind: step.kind, detail: describeStep(step), because };
}
