import type { Identity } from '../../../shared/age/age-keys.ts';
import type { SnapshotCopiesClient } from '../../../shared/wire/messages.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { Host } from '../../runner/host.ts';
import type { WorkEnd } from '../work/work-end.ts';
import type { CommandFolder } from './command-folder.ts';

/** What a host needs to do what a coordinator orders. */
export interface CommandHost {
  readonly commands: CommandFolder;
  readonly verify: Host['verify'];
  readonly artifacts: Artifacts;
  /** The caller closes it. */
  readonly connectCopies: () => Promise<SnapshotCopiesClient>;
  readonly hostIdentity: () => Promise<Identity>;
}

/** What an order came to, before it is kept. */
export interface CommandDone extends WorkEnd {
  readonly fetchMs?: number;
}
