/** The one folder of a catalogue, as whole changes: each is durable when it resolves, and a crash leaves it undone or done. */
export interface CatalogueFolder {
  /** Where a file of that name lies, for those who write and read bytes by themselves. */
  pathOf(name: string): string;
  names(): Promise<readonly string[]>;
  /** @returns null where there is no such file. */
  sizeOf(name: string): Promise<number | null>;
  /** @returns null where there is no such file. */
  read(name: string): Promise<Buffer | null>;
  /** A crash may leave `<name>.new` beside, with any part of the content. */
  write(name: string, content: string): Promise<void>;
  /** Does nothing where `from` is not there. */
  rename(from: string, to: string): Promise<void>;
  /** Does nothing where it is not there. */
  remove(name: string): Promise<void>;
}
