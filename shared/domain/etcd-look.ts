/**
 * What an agent saw of the member of etcd that runs on its own host, and of its cluster as that member lists it. Where the
 * member does not answer, what it last said stands beside the trouble.
 */
export interface EtcdLook {
  /** Who starts it. */
  readonly runsAs: EtcdRunner;
  /** Why it cannot be counted on, as a code of the agent's; '' where it answers, follows a leader and reads with a quorum. */
  readonly trouble: string;
  /** Both in decimal; empty where it never answered this agent. */
  readonly clusterId: string;
  readonly memberId: string;
  readonly version: string | null;
  /** That all members have agreed on, as `3.5`; null where the member does not say. */
  readonly clusterVersion: string | null;
  readonly isLeader: boolean;
  /** All of its cluster, itself among them. */
  readonly members: readonly EtcdLookMember[];
  /** Of its whole cluster. */
  readonly alarms: readonly EtcdLookAlarm[];
  /** Rounded down, so that growth is not always news. */
  readonly dbBytes: number;
  readonly dbInUseBytes: number;
}

export interface EtcdLookMember {
  readonly id: string;
  /** Empty until it has started once. */
  readonly name: string;
  readonly isLearner: boolean;
  /** Asked from this host, at the address that it advertises. */
  readonly answers: boolean;
}

export interface EtcdLookAlarm {
  readonly memberId: string;
  readonly alarm: 'no-space' | 'corrupt';
}

export const ETCD_RUNNERS = ['kubeadm', 'k3s', 'rke2', 'systemd'] as const;
export type EtcdRunner = (typeof ETCD_RUNNERS)[number];

/** Limits of what one agent may tell. A cluster has seven members at most, as etcd's documentation has it, and learners. */
export const LOOK_MEMBERS_MAX = 16;
export const LOOK_ALARMS_MAX = 32;
export const ETCD_ID_PATTERN = /^\d{1,20}$/;
export const ETCD_TROUBLE_PATTERN = /^[a-z-]{0,40}$/;
