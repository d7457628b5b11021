/** The programs that run on this host, in containers too. */
export interface Processes {
  /** One mark for each process whose program is called so; never the same for two processes of one boot. */
  named(program: string): Promise<readonly string[]>;
}
