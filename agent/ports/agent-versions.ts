/** The versions of the agent that lie side by side on this host behind one link, and which of them runs. */
export interface AgentVersions {
  /** What the link leads to; null where that is no complete version. */
  current(): Promise<string | null>;
  /** Every complete version, in the order of their names. */
  present(): Promise<readonly string[]>;
  /** The version that a process runs; null where it runs none of these, or is gone. */
  runBy(pid: number): Promise<string | null>;
  /** Makes the link lead to a complete version: one rename, durable when it resolves. */
  flip(version: string): Promise<void>;
  /** Takes a version away, unless the link leads to it or this process runs from it. Idempotent. */
  forget(version: string): Promise<void>;
}
