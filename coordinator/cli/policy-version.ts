const FIRST_LINE = /^# version (\d+)\b.*\n?/u;

/** The first line of a policy as `farrier policy get` prints it: whoever puts the file back is told where somebody else was faster. */
export function versionLine(version: number): string {
  return version === 0 ? '# version 0: built in, nobody put a policy yet' : `# version ${version}`;
}

/** Which version the file was made from; null where it does not say. */
export function versionOf(yaml: string): number | null {
  const found = FIRST_LINE.exec(yaml)?.[1];
  return found === undefined ? null : Number(found);
}

/** As it was put, less the version that it was made from then. */
export function withoutVersion(yaml: string): string {
  return yaml.replace(FIRST_LINE, '');
}
