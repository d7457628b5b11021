/** For messages about room: rounded up, in MB of 1,000,000 bytes. */
export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}
