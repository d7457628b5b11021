import type { CheckPlanResponse__Output as CheckedPlan } from '../../../shared/wire/messages.ts';
import { plainText } from './plain-text.ts';

const NODES_SHOWN_MAX = 8;

type Hop = CheckedPlan['hops'][number];
type Group = Hop['groups'][number];

/** What the plan would do to the fleet as it is now. */
export function printPlan(checked: CheckedPlan): readonly string[] {
  return printAll('the plan is good', checked);
}

/** The same of one that is refused, with nothing to apply; nothing where nobody can tell what it would do. */
export function printRefusedPlan(checked: CheckedPlan): readonly string[] {
  return checked.hops.length === 0 ? [] : printAll('nothing will be done; without these mistakes it would be', { ...checked, manifests: [] });
}

function printAll(verdict: string, { hops, satisfied, notChecked, manifests }: CheckedPlan): readonly string[] {
  const nodes = new Set(hops.flatMap(({ waves }) => waves.flatMap((wave) => wave.nodes)));
  const inOne = hops.length === 1 ? hops.map(limitOf).join('') : ` in ${hops.length} hops, one after the other`;
  return [
    `${verdict}: ${nodes.size} ${nodes.size === 1 ? 'node' : 'nodes'}${inOne}`,
    ...hops.flatMap((hop, index) => [
      ...(hops.length === 1 ? [] : [plainText(`hop ${index + 1} of ${hops.length}: ${hop.target}${limitOf(hop)}`)]),
      ...printHop(hop),
    ]),
    ...(satisfied.length === 0 ? [] : [plainText(`  at the target already: ${named(satisfied)}`)]),
    ...notChecked.map((what) => plainText(`not checked: ${what}; staging looks before anything is changed`)),
    ...printManifests(manifests),
  ];
}

function printManifests(manifests: readonly string[]): readonly string[] {
  if (manifests.length === 0) return [];
  return ['pods name a runtime by its RuntimeClass, which no host may make; with kubectl apply -f:', ...manifests.flatMap((manifest) => ['  ---', ...manifest.trimEnd().split('\n').map((line) => plainText(`  ${line}`))])];
}

function limitOf({ maxUnavailable, wantedUnavailable }: Hop): string {
  const narrowed = wantedUnavailable > maxUnavailable ? ` (the fleet's policy; the plan allows ${wantedUnavailable})` : '';
  return `, at most ${maxUnavailable} unavailable at a time${narrowed}`;
}

function printHop({ waves, groups }: Hop): readonly string[] {
  const isSame = groups.length === 1 && groups[0]?.role === '';
  return [
    ...waves.map(({ name, nodes }, index) => plainText(`  wave ${index + 1} ${name}: ${named(nodes)}`)),
    ...groups.flatMap((group) => [isSame ? ON_EACH_NODE : plainText(`  ${headOf(group)}`), ...printDrain(group), ...group.steps.map(printStep)]),
  ];
}

function headOf({ nodes, role }: Group): string {
  return `${named(nodes)}${role === '' ? '' : ` (${role})`}:`;
}

/** Nothing where no pods run. */
function printDrain({ drained, drainedBecause }: Group): readonly string[] {
  return drainedBecause === '' ? [] : [plainText(`    ${drained ? 'drained first' : 'not drained'} - ${drainedBecause}`)];
}

function printStep({ name, detail, because }: Group['steps'][number], index: number): string {
  return plainText(`    ${index + 1}. ${name}${detail === '' ? '' : ` (${detail})`}${because === '' ? '' : ` - ${because}`}`);
}

const ON_EACH_NODE = '  on each node:';

/** Of a plan that was read without asking the fleet. */
export function printSteps(steps: readonly string[]): readonly string[] {
  return [ON_EACH_NODE, ...steps.map((step, index) => plainText(`    ${index + 1}. ${step}`))];
}

function named(nodes: readonly string[]): string {
  const rest = nodes.length - NODES_SHOWN_MAX;
  return `${nodes.slice(0, NODES_SHOWN_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
