import type { ProgramOptions } from './programs.ts';

export type KernelCall = Pick<ProgramOptions, 'signal' | 'output'>;

/** sysctl(8). Keys as in a plan: with dots, a dot inside of an interface's name as a slash. */
export interface KernelSettings {
  /** One line, words apart by one space. @returns null where this kernel has no such setting or does not show it. */
  read(key: string): Promise<string | null>;
  /** As sysctl.d(5) is read at boot. @returns '' or what it said. */
  load(file: string, call: KernelCall): Promise<string>;
  /** @returns '' or what the kernel said. */
  write(key: string, value: string): Promise<string>;
}

/** What `read` makes of a value: /proc/sys parts words by tabs, people by spaces. */
export function oneLine(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}
