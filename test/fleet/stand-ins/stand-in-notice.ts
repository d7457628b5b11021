/** Every stand-in says on standard error what it is; standard output stays what the real program would print. */
export function sayStandIn(program: string): void {
  console.error(`stand-in: this is Farrier's test fixture for ${program}, not the real program`);
}

/** Written by the build in place of this text: `v1.34.1`. */
const BUILT_VERSION = '@STAND_IN_VERSION@';

export function builtVersion(): string {
  return BUILT_VERSION;
}
