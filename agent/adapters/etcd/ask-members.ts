import { systemClock } from '../../../shared/ports/system-clock.ts';
import type { AskMembers } from '../../etcd/look-at-member.ts';
import { grpcEtcdMember } from './grpc-etcd-member.ts';
import { readClusterVersion } from './read-cluster-version.ts';

export const askMembers: AskMembers = { member: (place) => grpcEtcdMember(place, systemClock), clusterVersion: readClusterVersion };
