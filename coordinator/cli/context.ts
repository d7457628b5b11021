import type { CliIo } from './cli-io.ts';
import type { ConnectionOptions } from './connection/find-connection.ts';
import { findConnection } from './connection/find-connection.ts';
import type { FleetConnection } from './connection/fleet-connection.ts';
import type { ExitCode } from './exit-code.ts';
import { EXIT } from './exit-code.ts';
import { withSlowNotice } from './slow-notice.ts';

export interface GlobalOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** What every command works with. */
export class CliContext {
  readonly io: CliIo;
  readonly #globals: () => GlobalOptions;
  /** What the process ends with where nothing throws. */
  exitCode: ExitCode = EXIT.ok;

  constructor(io: CliIo, globals: () => GlobalOptions) {
    this.io = io;
    this.#globals = globals;
  }

  get json(): boolean {
    return this.#globals().json === true;
  }

  /** Prints what was found: as JSON where --json asks for it. */
  show(message: unknown, lines: () => readonly string[]): void {
    if (this.json) this.io.out(JSON.stringify(message, withoutPresence, 2));
    else for (const line of lines()) this.io.out(line);
  }

  /** Opens a connection for `work` and closes it. gRPC is loaded here: `--help` does not wait for it. */
  async withFleet<T>(work: (fleet: FleetConnection) => Promise<T>): Promise<T> {
    const destination = await findConnection(this.#globals(), this.io);
    const { openConnection } = await import('./connection/fleet-connection.ts');
    const connection = openConnection(destination);
    const fleet: FleetConnection = { ...connection, call: async (method, request) => await withSlowNotice(this.io, connection.where, connection.call(method, request, this.io.signal)) };
    try {
      return await work(fleet);
    } finally {
      connection.close();
    }
  }
}

/** The wire's loader adds `_name: 'name'` for each optional field that is there, which is nobody's business outside. */
function withoutPresence(key: string, value: unknown): unknown {
  return key.startsWith('_') && value === key.slice(1) ? undefined : value;
}
