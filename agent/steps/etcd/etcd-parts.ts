import type { Clock } from '../../../shared/ports/clock.ts';
import type { AskMembers } from '../../etcd/look-at-member.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { EtcdHost } from '../../ports/etcd-host.ts';
import type { Units } from '../../ports/units.ts';

export interface EtcdParts {
  readonly host: EtcdHost;
  readonly units: Units;
  readonly ask: AskMembers;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
}
