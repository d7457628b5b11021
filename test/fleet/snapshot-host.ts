import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { SnapshotOutcome } from '../../agent/snapshots/work/outcomes.ts';
import type { Host } from './host.ts';
import type { ProgramResult } from './run-program.ts';

export interface Listed {
  readonly snapshots: readonly (SnapshotRecord & { readonly kept: readonly string[] })[];
  readonly problems: readonly { readonly code: string; readonly file: string }[];
  readonly lastTaking: SnapshotOutcome | null;
  readonly nextUnixMs: number | null;
}

export const SNAPSHOTS = '/var/lib/farrier-snapshots';
const COMMAND_MAX_MS = 120_000;

/** A host with the agent's package, asked as an admin asks it. */
export class SnapshotHost {
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Its coordinator is on the same host, and is gone again when this returns. */
  async install(agentDeb: string, coordinatorDeb: string): Promise<void> {
    const { host } = this;
    await host.mustExec(['dpkg', '-i', coordinatorDeb, agentDeb]);
    await host.writeFile('/etc/farrier/coordinator.yaml', 'fleet: edge\nadvertise: localhost\n');
    await host.mustExec(['systemctl', 'start', 'farrier-coordinator']);
    const { token, caHash } = JSON.parse(await host.mustExec(['farrier', '--json', 'token', 'create'])) as { readonly token: string; readonly caHash: string };
    await host.mustExec(['farrier-agent', 'enroll', '--coordinator', 'localhost:7444', '--token', token, '--ca-hash', caHash]);
    await host.mustExec(['systemctl', 'stop', 'farrier-coordinator']);
    await host.mustExec(['systemctl', 'start', 'farrier-agent']);
  }

  /** The agent reads them when it starts. */
  async settings(snapshots: Readonly<Record<string, unknown>>): Promise<void> {
    await this.host.writeFile('/etc/farrier/agent.d/snapshots.yaml', `${JSON.stringify({ snapshots })}\n`);
  }

  async run(...words: readonly string[]): Promise<ProgramResult> {
    return await this.host.exec(['farrier-agent', 'snapshot', ...words], { timeoutMs: COMMAND_MAX_MS });
  }

  /** As JSON, whatever became of it. */
  async outcome(...words: readonly string[]): Promise<SnapshotOutcome> {
    const { stdout, stderr } = await this.run(...words, '--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as SnapshotOutcome;
  }

  async list(): Promise<Listed> {
    const { stdout, stderr } = await this.run('ls', '--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Listed;
  }

  /** Of all that the product starts beside its own service. */
  async units(): Promise<string> {
    return (await this.host.mustExec(['systemctl', 'list-units', '--all', '--plain', '--no-legend', 'farrier-snapshot*', 'farrier-proof*'])).trim();
  }
}
