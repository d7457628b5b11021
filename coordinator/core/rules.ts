/** Safety rules that a proof may break on purpose, to show that it would notice. Everything shipped runs on SAFE_RULES. */
export interface Rules {
  /** Elapsed wall time after which a slot counts as returned; null: time never frees a slot. */
  readonly slotTimeoutMs: number | null;
  /** As many nodes more than the limit may be unavailable. */
  readonly budgetSlack: number;
  /** A node that has not reported since the coordinator started counts as unavailable. */
  readonly countsUnreported: boolean;
  /** As many control-plane nodes of one cluster may be unavailable. */
  readonly controlPlanesPerCluster: number;
  /** No control-plane node goes down but one whose loss its etcd survives, with the members as they are now. */
  readonly countsQuorum: boolean;
  /** No permit before the node is drained. */
  readonly permitsWaitForDrains: boolean;
  /** No slot is returned before the node's cordon is gone. */
  readonly slotsWaitForRestores: boolean;
  /** No slot once those that will have failed spend the failure budget. */
  readonly slotsStopBeforeFailures: boolean;
  /** The hosts of a restore get their slots together or not at all. */
  readonly restoresTakeAllSlots: boolean;
  /** A restore waits until nobody else works in its cluster. */
  readonly restoresWaitForOthers: boolean;
  /** Nobody else gets a slot in a cluster whose datastore is restored. */
  readonly restoresHoldOthers: boolean;
}

export const SAFE_RULES: Rules = {
  ...{ slotTimeoutMs: null, budgetSlack: 0, countsUnreported: true, controlPlanesPerCluster: 1, countsQuorum: true },
  ...{ permitsWaitForDrains: true, slotsWaitForRestores: true, slotsStopBeforeFailures: true },
  ...{ restoresTakeAllSlots: true, restoresWaitForOthers: true, restoresHoldOthers: true },
};

const MUTATION_SLOT_TIMEOUT_MS = 20_000;

/** The rules under a mutation that was built in; '' and mutations of other parts leave them safe. */
export function rulesUnder(mutation: string): Rules {
  if (mutation === 'slot-returned-on-timeout') return { ...SAFE_RULES, slotTimeoutMs: MUTATION_SLOT_TIMEOUT_MS };
  return SAFE_RULES;
}
