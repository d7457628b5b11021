/** Why a node or a rollout is where it is: a closed list, each with who can unblock it and what happens next. */
export const REASONS = {
  'budget-spent': {
    message: 'as many nodes are unavailable as the plan or the policy allows',
    unblock: 'nobody needs to: a slot comes free when a node is done or healthy again',
    next: 'the node gets the next free slot',
  },
  'control-plane-outage': {
    message: 'the cluster has one or two control-plane nodes and cannot lose any one of them',
    unblock: 'an operator: abort, and start the plan again with `allowControlPlaneOutage: true`',
    next: 'no slot is granted to a control-plane node of that cluster',
  },
  'quorum-at-risk': {
    message: 'etcd would lose its quorum with this node, as its members are now',
    unblock: 'an admin of the named members: their hosts, their etcd and their agents; `farrier node show NODE` tells what each agent saw',
    next: 'no slot is granted to a node whose member the quorum cannot spare; it goes on when enough members are up',
  },
  'member-lost': {
    message: 'a member of etcd is gone for good',
    unblock: 'an admin of the cluster: bring the named member back, or `etcdctl member remove` it',
    next: 'no slot is granted to a node that runs a member of that etcd; it goes on when the member is removed or back',
  },
  'datastore-unproved': {
    message: 'nothing proves that the cluster’s datastore can be brought back to a moment right before this upgrade',
    unblock: 'nobody needs to while a proof is made; else an admin of the cluster, where the detail names what is missing',
    next: 'a snapshot is taken, brought here, restored on another host and compared; the control plane goes on when it is proved, and a proof that failed is tried again every few minutes',
  },
  'rpo-missed': {
    message: 'the newest snapshot of the cluster’s datastore is older than the policy’s takenWithin: so much would be lost with it',
    unblock: 'an operator: `farrier snapshot take CLUSTER`; a schedule stands under `snapshots` of each host’s agent.yaml, or is the policy’s copyEvery',
    next: 'nothing is blocked by it; it is over with the next snapshot',
  },
  'snapshot-unproved': {
    message: 'no snapshot of the cluster’s datastore that was proved is as young as the policy’s provedWithin',
    unblock: 'an operator: `farrier snapshot prove CLUSTER`, which says what is missing where it cannot be done',
    next: 'nothing is blocked by it; an upgrade of the control plane makes a proof of its own first',
  },
  'copies-missed': {
    message: 'no young snapshot of the cluster’s datastore is of use without its hosts',
    unblock: 'an operator: `farrier snapshot take CLUSTER`; an admin: the policy’s copyEvery and recipients',
    next: 'nothing is blocked by it; whoever loses the hosts loses their snapshots',
  },
  'rto-missed': {
    message: 'no drill shows that the cluster’s datastore can be restored within the policy’s restoredWithin',
    unblock: 'an operator: `farrier snapshot drill CLUSTER`, which says what is missing; an admin: the policy’s drillEvery',
    next: 'nothing is blocked by it; it is over with the next drill that goes well',
  },
  'datastore-restored': {
    message: 'the cluster’s datastore is being restored to a snapshot, by an admin’s order',
    unblock: 'nobody needs to; an admin, where that restore is held: `farrier rollout abort` once its hosts are mended',
    next: 'no other rollout takes a node of that cluster down before the restore is over',
  },
  'restore-waits': {
    message: 'all hosts of a restore begin together, and some are not ready for it',
    unblock: 'an admin of the named hosts, where they do not come by themselves',
    next: 'all of them get their slots at once; until then nothing is changed',
  },
  'wave-failed': {
    message: 'the wave at hand cannot complete any more, so that no other can follow',
    unblock: 'an operator: `farrier rollout rollback` or `abort`, and after mending what failed the plan can be started again',
    next: 'no slot is granted',
  },
  soaking: {
    message: 'a wave is complete and soaks',
    unblock: 'nobody needs to',
    next: 'the next wave opens when the soak is over and nothing failed meanwhile',
  },
  'wave-not-open': {
    message: 'an earlier wave is not complete',
    unblock: 'an operator, where a node of the earlier wave is held',
    next: 'the wave opens when the one before it is complete',
  },
  'fleet-settling': {
    message: 'the coordinator started and nodes in scope have not yet reported their journals',
    unblock: 'nobody needs to; `farrier node forget NODE` where a host is gone for good',
    next: 'silent nodes count as unavailable; slots are granted as far as the budget holds',
  },
  staging: {
    message: 'the agent is downloading and verifying',
    unblock: 'nobody needs to',
    next: 'the node asks for a slot when everything is staged',
  },
  'waiting-for-agent': {
    message: 'the coordinator waits for the agent to answer',
    unblock: 'an admin of the host: `systemctl status farrier-agent` there',
    next: 'the message is sent again until it is acknowledged',
  },
  draining: {
    message: 'the node is being cordoned and emptied of pods',
    unblock: 'nobody needs to',
    next: 'the agent may begin when no pod is left that can go',
  },
  'drain-blocked': {
    message: 'pods may not leave the node now',
    unblock: 'whoever owns them: more replicas, or a budget that can lose one; a pod without a controller is deleted by hand',
    next: 'it is tried again until the plan’s drainTimeout; then the node is uncordoned and counts as failed',
  },
  'cordon-failed': {
    message: 'the cluster did not do what it was asked for: cordon, drain or uncordon',
    unblock: 'an admin of the cluster, where it does not pass by itself',
    next: 'it is asked again every few seconds; the slot stays taken',
  },
  'drain-given-up': {
    message: 'pods did not leave the node within the plan’s drainTimeout',
    unblock: 'an operator, by starting the plan again when they can',
    next: 'the node stays as it was and is uncordoned; it counted against maxFailures',
  },
  uncordoning: {
    message: 'the work on the node is over and its cordon is being removed',
    unblock: 'nobody needs to',
    next: 'the slot is returned when the cordon is gone',
  },
  'orphan-cordon': {
    message: 'the node bears a cordon of Farrier’s that no rollout owns',
    unblock: 'nobody needs to where its agent is connected; else an admin of the cluster: the annotation on the node holds the kubectl line',
    next: 'it is removed when the agent says that nothing is under way; the node counts as unavailable until then',
  },
  activating: {
    message: 'the agent is changing the host',
    unblock: 'nobody needs to',
    next: 'the node verifies and returns its slot',
  },
  'session-lost': {
    message: 'the agent has not been heard for longer than the policy allows',
    unblock: 'an admin of the host: network and `systemctl status farrier-agent`',
    next: 'it goes on when the agent dials in again; the node counts as unavailable until then',
  },
  'not-reported': {
    message: 'the agent has not reported since the coordinator started',
    unblock: 'an admin of the host: network and `systemctl status farrier-agent`',
    next: 'the node counts as unavailable until its agent reports its journal',
  },
  'cluster-not-ready': {
    message: 'the node’s cluster says that it is not ready',
    unblock: 'an admin of the cluster: `kubectl describe node`',
    next: 'a repair goes first where the agent is connected; the node counts as unavailable until it is ready',
  },
  'cluster-silent': {
    message: 'the node’s cluster does not answer, and nobody knows whether the node is ready',
    unblock: 'an admin of the cluster: its API server, and the way there from the coordinator',
    next: 'the node takes no slot and counts as unavailable until its cluster answers',
  },
  'cordoned-by-person': {
    message: 'the node is unschedulable and it was not Farrier that cordoned it',
    unblock: 'whoever cordoned it: `kubectl uncordon`',
    next: 'the node is left alone and counts as unavailable until it is schedulable again',
  },
  'holds-slot': {
    message: 'the node holds a slot: it is, or may be, in the middle of an upgrade',
    unblock: 'the agent, by reporting done or reverted; else `farrier node forget NODE`',
    next: 'the slot is returned with the agent’s report',
  },
  'paused-by-person': {
    message: 'a person paused the rollout',
    unblock: 'an operator: `farrier rollout resume`',
    next: 'nodes that have begun finish; no slot is granted',
  },
  'failure-budget-spent': {
    message: 'more nodes failed than maxFailures allows',
    unblock: 'an operator: `farrier rollout resume`, `rollback` or `abort`',
    next: 'no slot is granted',
  },
  'failure-under-way': {
    message: 'a node is failing, and with it more nodes fail than maxFailures allows',
    unblock: 'nobody needs to: how it ends is known soon',
    next: 'no slot is granted; when the node has failed, the rollout is held or brought back, as its plan says',
  },
  aborted: {
    message: 'a person aborted the rollout',
    unblock: 'nobody; start a new rollout',
    next: 'nodes that have begun finish',
  },
  'rolled-back': {
    message: 'the rollout is being brought back by a rollback rollout',
    unblock: 'nobody needs to',
    next: 'see the rollback rollout',
  },
  'nothing-to-bring-back': {
    message: 'a rollback was asked for, and no node runs the new target',
    unblock: 'nobody needs to',
    next: 'nodes that have begun finish; what is done then is brought back, else the rollout is over',
  },
  'rollout-over': {
    message: 'the rollout is over',
    unblock: 'an operator, by starting the plan again',
    next: 'nothing more is done on the node in this rollout',
  },
  'reverted-by-person': {
    message: 'a person on the host put the node back to what it ran before',
    unblock: 'an operator, by starting the plan again when that person agrees',
    next: 'the node stays on the old version; it counted against maxFailures',
  },
  reverted: {
    message: 'a step failed and the node was put back to what it ran before',
    unblock: 'an operator, after reading the outcome on the host: `farrier-agent journal`',
    next: 'the node stays on the old version; it counted against maxFailures',
  },
  'needs-a-person': {
    message: 'the node could neither finish nor revert by itself',
    unblock: 'an admin on the host: `farrier-agent status`, then `farrier-agent finish` or `revert`',
    next: 'its slot stays taken',
  },
  'past-no-return': {
    message: 'the node is past its point of no return and could not be finished; nothing is put back there by itself',
    unblock: 'an admin on the host: mend what the detail names, then `farrier-agent finish`',
    next: 'its slot stays taken',
  },
  refused: {
    message: 'the agent refused the assignment before anything was changed',
    unblock: 'an operator, after mending what the detail names',
    next: 'the node stays as it was; it counted against maxFailures',
  },
  'store-regressed': {
    message: 'the coordinator’s store is older than what the agent has seen',
    unblock: 'an admin, where a backup was restored: a new generation is allocated by itself',
    next: 'a new assignment is made above what the agent has seen',
  },
  'busy-elsewhere': {
    message: 'another rollout owns the node',
    unblock: 'an operator, by ending that rollout',
    next: 'the node is taken when the other rollout has finished with it',
  },
  deferred: {
    message: 'the node was lost for longer than deferAfter before its turn',
    unblock: 'nobody needs to',
    next: 'it catches up under the same policy when it returns',
  },
  'pending-approval': {
    message: 'a node of this name was enrolled before and an operator has to approve the new one',
    unblock: 'an operator: `farrier node approve NODE`',
    next: 'the agent’s session opens after the approval',
  },
  'clock-off': {
    message: 'the clocks of the host and the coordinator disagree by more than the limit',
    unblock: 'an admin: time synchronisation on the named host',
    next: 'the node takes no assignment until the clocks agree',
  },
  gone: {
    message: 'the node was removed from the fleet during the rollout',
    unblock: 'nobody',
    next: 'the node is counted out',
  },
  'internal-error': {
    message: 'the decision for this rollout failed; others go on',
    unblock: 'the maintainers: see the coordinator’s log',
    next: 'the rollout is held',
  },
} as const satisfies Record<string, ReasonText>;

interface ReasonText {
  readonly message: string;
  readonly unblock: string;
  readonly next: string;
}

export type Reason = keyof typeof REASONS;
