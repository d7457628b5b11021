/**
 * Deliberate faults, to prove that a proof can fail. The name is written into a program when it is built
 * (esbuild: `define: { FARRIER_MUTATION: '"no-journal-fsync"' }`); the shipped build defines it as `""`, so that
 * nothing at run time can switch one on.
 *
 * no-journal-fsync          the agent's journal is written but never synced
 * epoch-not-checked         an agent takes what a deposed leader signed
 * slot-returned-on-timeout  the controller frees a slot because time passed
 * agent-cannot-start        the agent's unit ends as soon as it begins
 * agent-cannot-connect      the agent starts, and never gets a session
 * halt-at-record            no fault by itself: the agent stops where a proof wants to kill it (agent/runner/halting-journal.ts)
 */
export type Mutation = 'no-journal-fsync' | 'epoch-not-checked' | 'slot-returned-on-timeout' | 'agent-cannot-start' | 'agent-cannot-connect' | 'halt-at-record';

declare const FARRIER_MUTATION: Mutation | '' | undefined;

export const MUTATION: Mutation | '' = typeof FARRIER_MUTATION === 'undefined' ? '' : FARRIER_MUTATION;
