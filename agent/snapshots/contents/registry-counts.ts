import { textOf } from './each-entry.ts';

/** Kubernetes has some sixty kinds; each group of custom ones is one more. */
export const GROUPS_MAX = 4096;
const GROUP_BYTES_MAX = 253;
const REGISTRY = '/registry/';

/** How many keys live below each `/registry/NAME/`, where Kubernetes keeps its objects. */
export class RegistryCounts {
  readonly #counts = new Map<string, number>();
  /** Keys that are none of Kubernetes' objects, or past the most groups that are told apart. */
  #elsewhere = 0;

  /** @param by 1 where a key came to life, -1 where it died */
  add(bytes: DataView, from: number, to: number, by: 1 | -1): void {
    const group = groupOf(bytes, from, to);
    const known = group === null ? undefined : this.#counts.get(group);
    if (group === null || (known === undefined && this.#counts.size === GROUPS_MAX)) this.#elsewhere += by;
    else this.#counts.set(group, (known ?? 0) + by);
  }

  merge(other: RegistryCounts): void {
    for (const [group, count] of other.#counts) this.#counts.set(group, (this.#counts.get(group) ?? 0) + count);
    this.#elsewhere += other.#elsewhere;
  }

  get elsewhere(): number {
    return this.#elsewhere;
  }

  /** Without those that died out; by name. */
  get byGroup(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].filter(([, count]) => count > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function groupOf(bytes: DataView, from: number, to: number): string | null {
  for (let index = 0; index < REGISTRY.length; index += 1) {
    if (from + index >= to || bytes.getUint8(from + index) !== REGISTRY.charCodeAt(index)) return null;
  }
  const start = from + REGISTRY.length;
  const last = Math.min(to, start + GROUP_BYTES_MAX);
  for (let at = start; at < last; at += 1) if (bytes.getUint8(at) === SLASH) return textOf(bytes, start, at);
  return last === to ? textOf(bytes, start, to) : null;
}

const SLASH = 0x2f;
