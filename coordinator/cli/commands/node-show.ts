import type { Command } from 'commander';

import { didYouMean } from '../../../shared/plan/did-you-mean.ts';
import { fromFactsMessage } from '../../../shared/wire/facts-codec.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { printExplanations } from '../print/print-explanations.ts';
import { printHostFacts } from '../print/print-host-facts.ts';
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
      const { node, explanations, factsUnixMs, ...asked } = await context.withFleet(async (fleet) => {
        const { nodes } = await fleet.call('ListNodes', {});
        const found = nodes.find((each) => each.name === name);
        if (found === undefined) throw new CliError('not-found', `no node is called ${name}`, didYouMean(name, nodes.map((each) => each.name)).trim() || '`farrier node ls` lists them');
        return { node: found, ...(await fleet.call('ExplainNode', { node: name })) };
      });
      const nowUnixMs = context.io.clock.wallUnixMs();
      // Told by a host: whoever sits between it and here is not trusted to have looked.
      const told = asked.facts === null ? null : fromFactsMessage(asked.facts);
      const facts = told?.ok === true ? told.value : null;
      context.show({ node, facts, factsUnixMs, explanations }, () => [
        ...printNode(node, nowUnixMs),
        ...(facts === null ? [] : ['', ...printHostFacts(facts, factsUnixMs, nowUnixMs)]),
        '',
        ...printExplanations(name, explanations, nowUnixMs),
      ]);
    });
}
