import { systemClock } from '../../../shared/ports/system-clock.ts';
import type { AskMembers } from '../../etcd/look-at-member.ts';
import { keptConnections } from './etcd-connections.ts';
import { grpcEtcdMember } from './grpc-etcd-member.ts';
import { readClusterVersion } from './read-cluster-version.ts';

/** Each call on a connection of its own. */
export const askMembers: AskMembers = { member: (place) => grpcEtcdMember(place, systemClock), clusterVersion: readClusterVersion };

/** For who asks the same members over and over. */
export function askMembersAgain(): AskMembers {
  const connections = keptConnections();
  return { member: (place) => grpcEtcdMember(place, systemClock, connections), clusterVersion: readClusterVersion };
}
