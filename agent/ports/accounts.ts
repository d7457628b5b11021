/** Users and groups of this host, wherever it keeps them. */
export interface Accounts {
  /** @returns null where nobody has that name. */
  userId(name: string, signal: AbortSignal): Promise<number | null>;
  groupId(name: string, signal: AbortSignal): Promise<number | null>;
}
