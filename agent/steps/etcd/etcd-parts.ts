import type { Clock } from '../../../shared/ports/clock.ts';
import type { AskMembers } from '../../etcd/look-at-member.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { HostFiles } from '../../facts/host-files.ts';
import type { EtcdHost } from '../../ports/etcd-host.ts';
import type { Units } from '../../ports/units.ts';

export interface EtcdParts {
  readonly host: EtcdHost;
  readonly units: Units;
  readonly files: Pick<HostFiles, 'exists'>;
  readonly ask: AskMembers;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
}
