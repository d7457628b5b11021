export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** Cryptographically strong. */
  bytes(count: number): Uint8Array;
}
