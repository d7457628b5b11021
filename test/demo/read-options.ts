import { parseArgs } from 'node:util';

export interface DemoOptions {
  readonly nats: boolean;
  readonly keep: boolean;
  readonly record: boolean;
}

const HELP = `Usage: npm run demo -- [OPTIONS]

A coordinator and five real hosts: an upgrade on all of them, and one that fails. As root.

  --nats    keep the coordinator's state in a real NATS JetStream server
  --keep    leave the hosts up at the end, to try things by hand, until Ctrl-C
  --record  draw the board's busiest moment to test/demo/board.svg
  --help`;

/** @returns what to print and end with, where nothing is to be shown. */
export function readOptions(argv: readonly string[]): DemoOptions | { readonly text: string; readonly exitCode: number } {
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({ args: [...argv], options: { nats: flag, keep: flag, record: flag, help: flag } });
    const { help, ...options } = values;
    return help ? { text: HELP, exitCode: 0 } : options;
  } catch (error) {
    return { text: `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, exitCode: 2 };
  }
}
