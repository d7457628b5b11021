import { readFile } from 'node:fs/promises';

import { type KernelModules, kernelName } from '../../agent/ports/kernel-modules.ts';
import { type KernelSettings, oneLine } from '../../agent/ports/kernel-settings.ts';

/** Settings of a kernel that is not this machine's. `refuse`: keys that take no other value. */
export class MemorySettings implements KernelSettings {
  readonly values: Map<string, string>;
  readonly refuse = new Set<string>();

  constructor(values: Readonly<Record<string, string>>) {
    this.values = new Map(Object.entries(values));
  }

  async read(key: string): Promise<string | null> {
    return this.values.get(key) ?? null;
  }

  /** Goes on after what it cannot set, as sysctl(8) does. */
  async load(file: string): Promise<string> {
    let said = '';
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const [, key = '', value = ''] = /^([^#=]+?) = (.*)$/.exec(line) ?? [];
      if (key !== '') said ||= await this.write(key, oneLine(value));
    }
    return said;
  }

  async write(key: string, value: string): Promise<string> {
    if (!this.values.has(key)) return `cannot stat ${key}`;
    if (this.refuse.has(key)) return `setting key "${key}": Invalid argument`;
    this.values.set(key, value);
    return '';
  }
}

interface MemoryModule {
  readonly needs?: readonly string[];
  readonly builtIn?: boolean;
}

/** Modules of a kernel that is not this machine's. */
export class MemoryModules implements KernelModules {
  readonly there = new Set<string>();
  readonly inUse = new Set<string>();
  readonly #known: Readonly<Record<string, MemoryModule>>;

  constructor(known: Readonly<Record<string, MemoryModule>>) {
    this.#known = known;
  }

  async look(name: string): Promise<'loaded' | 'built-in' | 'absent'> {
    if (this.#known[kernelName(name)]?.builtIn === true) return 'built-in';
    return this.there.has(kernelName(name)) ? 'loaded' : 'absent';
  }

  async loaded(): Promise<readonly string[]> {
    return [...this.there];
  }

  async needs(name: string): Promise<readonly string[] | null> {
    const known = this.#known[kernelName(name)];
    return known === undefined ? null : [...(known.needs ?? []), kernelName(name)];
  }

  async load(name: string): Promise<string> {
    const needs = await this.needs(name);
    if (needs === null) return `FATAL: Module ${name} not found`;
    for (const one of needs) this.there.add(one);
    return '';
  }

  async unload(name: string): Promise<'unloaded' | 'in-use'> {
    const holder = [...this.there].some((other) => this.#known[other]?.needs?.includes(name) === true);
    if (this.inUse.has(name) || holder) return 'in-use';
    this.there.delete(name);
    return 'unloaded';
  }
}
