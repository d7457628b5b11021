import type { Command } from 'commander';

import { didYouMean } from '../../../shared/plan/did-you-mean.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { printExplanations } from '../print/print-explanations.ts';
import { printNode } from '../print/print-nodes.ts';

const EXAMPLE = `
Example:
  farrier node show edge-17`;

export function nodeShow(parent: Command, context: CliContext): void {
  parent
    .command('show')
    .description('everything about one node, and why it is where it is')
    .argument('<node>')
    .addHelpText('after', EXAMPLE)
    .action(async (name: string) => {
      const { node, explanations } = await context.withFleet(async (fleet) => {
        const { nodes } = await fleet.call('ListNodes', {});
        const found = nodes.find((each) => each.name === name);
        if (found === undefined) throw new CliError('not-found', `no node is called ${name};${didYouMean(name, nodes.map((each) => each.name))}`.replace(/;$/, ''), 'farrier node ls');
        return { node: found, explanations: (await fleet.call('ExplainNode', { node: name })).explanations };
      });
      const nowUnixMs = context.io.clock.wallUnixMs();
      context.show({ node, explanations }, () => [...printNode(node, nowUnixMs), '', ...printExplanations(name, explanations, nowUnixMs)]);
    });
}
