/** Bytes of a file, by place: all that a reader of a database needs of the world. */
export interface ByteRanges {
  /** Bytes of the database, without a snapshot's trailer. */
  readonly size: number;
  /**
   * `length` bytes from `offset` on, within `size`.
   *
   * @returns a view that holds until the next call.
   * @throws what the file system says, and where the file became shorter meanwhile.
   */
  read(offset: number, length: number): DataView;
}
