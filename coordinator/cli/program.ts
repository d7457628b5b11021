import { Command } from 'commander';

import { VERSION } from '../../shared/ports/version.ts';
import { artifactAdd } from './commands/artifact-add.ts';
import { artifactLs } from './commands/artifact-ls.ts';
import { artifactRemove } from './commands/artifact-remove.ts';
import { audit } from './commands/audit.ts';
import { nodeApprove } from './commands/node-approve.ts';
import { nodeForget } from './commands/node-forget.ts';
import { nodeLs } from './commands/node-ls.ts';
import { nodeRemove } from './commands/node-remove.ts';
import { nodeShow } from './commands/node-show.ts';
import { operatorCreate } from './commands/operator-create.ts';
import { operatorLs } from './commands/operator-ls.ts';
import { operatorRemove } from './commands/operator-remove.ts';
import { planCheck } from './commands/plan-check.ts';
import { policyGet } from './commands/policy-get.ts';
import { policySet } from './commands/policy-set.ts';
import { rolloutLs } from './commands/rollout-ls.ts';
import { rolloutShow } from './commands/rollout-show.ts';
import { rolloutStart } from './commands/rollout-start.ts';
import { rolloutSteer } from './commands/rollout-steer.ts';
import { rolloutWatch } from './commands/rollout-watch.ts';
import { snapshotRestore } from './commands/snapshot-restore.ts';
import { snapshotDrill } from './commands/snapshot-drill.ts';
import { snapshotLs } from './commands/snapshot-ls.ts';
import { snapshotProve } from './commands/snapshot-prove.ts';
import { snapshotReport } from './commands/snapshot-report.ts';
import { snapshotTake } from './commands/snapshot-take.ts';
import { tokenCreate } from './commands/token-create.ts';
import { tokenLs } from './commands/token-ls.ts';
import { tokenRevoke } from './commands/token-revoke.ts';
import { why } from './commands/why.ts';
import { DEFAULT_SOCKET } from './connection/find-connection.ts';
import type { CliContext } from './context.ts';
import { EXIT_CODES_HELP } from './exit-code.ts';

const HELP = `
Example:
  farrier plan check containerd.yaml
  farrier rollout start containerd.yaml --watch
  farrier why edge-17

Connection:
  An operator file (--operator, $FARRIER_OPERATOR or ~/.config/farrier/operator.json) names the
  coordinator and holds the certificate; without one root on the coordinator's host goes through
  ${DEFAULT_SOCKET}.`;

/** The whole command line; each command lies in a file of its own. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('farrier')
    .description('Upgrades a fleet of hosts in place, a few at a time, every host fully new or fully old.')
    .version(VERSION)
    .option('--server <host:port>', 'the coordinator, where it is another than the operator file says')
    .option('--operator <file>', 'operator file')
    .option('--socket <path>', 'Unix socket of the coordinator on this host')
    .option('--json', 'print what was found as JSON')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeOut: (text) => writeLines(text, context.io.out), writeErr: (text) => writeLines(text, context.io.err) })
    .showHelpAfterError('(--help shows how it is written)')
    .addHelpText('after', HELP)
    .addHelpText('after', EXIT_CODES_HELP)
    .exitOverride();

  group(program, { name: 'token', description: 'let hosts in', example: 'farrier token create --uses 3 --ttl 1h' }, [tokenCreate, tokenLs, tokenRevoke], context);
  group(program, { name: 'operator', description: 'let people in', example: 'farrier operator create alice --role operator --out alice.json' }, [operatorCreate, operatorLs, operatorRemove], context);
  group(program, { name: 'node', description: 'the hosts of the fleet', example: 'farrier node ls' }, [nodeLs, nodeShow, nodeApprove, nodeForget, nodeRemove], context);
  group(program, { name: 'policy', description: 'the ceilings that no plan can exceed', example: 'farrier policy get > policy.yaml' }, [policyGet, policySet], context);
  group(program, { name: 'plan', description: 'what an upgrade would do', example: 'farrier plan check containerd.yaml' }, [planCheck], context);
  group(program, { name: 'rollout', description: 'upgrades', example: 'farrier rollout start containerd.yaml --watch' }, [rolloutStart, rolloutWatch, rolloutLs, rolloutShow, ...rolloutSteer], context);
  group(program, { name: 'artifact', description: 'files that steps bring to hosts', example: 'farrier artifact add k3s --name k3s-v1.34.1-amd64' }, [artifactAdd, artifactLs, artifactRemove], context);
  group(program, { name: 'snapshot', description: 'datastores, and what can bring them back', example: 'farrier snapshot report' }, [snapshotLs, snapshotTake, snapshotProve, snapshotReport, snapshotDrill, snapshotRestore], context);
  why(program, context);
  audit(program, context);
  return program;
}

interface Group {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

function group(program: Command, { name, description, example }: Group, commands: readonly ((parent: Command, context: CliContext) => void)[], context: CliContext): void {
  const parent = program.command(name).description(description).addHelpText('after', `\nExample:\n  ${example}`);
  for (const add of commands) add(parent, context);
}

function writeLines(text: string, line: (line: string) => void): void {
  for (const each of text.replace(/\n$/, '').split('\n')) line(each);
}
