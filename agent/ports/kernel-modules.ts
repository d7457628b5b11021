import type { KernelCall } from './kernel-settings.ts';

/** modprobe(8). Names with `-` or `_`, which the kernel takes for the same. */
export interface KernelModules {
  /** built-in: part of the kernel itself, it can be neither loaded nor taken out. */
  look(name: string, call: KernelCall): Promise<'loaded' | 'built-in' | 'absent'>;
  /** Every module that is loaded, as the kernel names it. */
  loaded(): Promise<readonly string[]>;
  /** What loading it would load, it last: what it needs comes before it. @returns null where there is no such module. */
  needs(name: string, call: KernelCall): Promise<readonly string[] | null>;
  /** With what it needs. @returns '' or what modprobe said. */
  load(name: string, call: KernelCall): Promise<string>;
  /** Itself alone. `in-use`: another module or a program holds it. */
  unload(name: string, call: KernelCall): Promise<'unloaded' | 'in-use'>;
}

/** As the kernel writes it. */
export function kernelName(name: string): string {
  return name.replaceAll('-', '_');
}
