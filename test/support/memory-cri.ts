import type { Cri, CriAnswer, CriLook, CriPod, ImageAnswer, PodEnd, PodLabel, Unanswered } from '../../agent/ports/cri.ts';
import type { CriLab } from './cri-cases.ts';

/** A container runtime that is none. A test says what it is, and that it does not answer by saying why. */
export class MemoryCri implements Cri {
  runtime: CriLook = { runtime: 'containerd', version: '1.7.24~ds1', ready: true, why: '', handlers: ['runc'], defaultHandler: 'runc', cgroupDriver: null };
  /** Why it cannot be asked; '' where it can. */
  silent = '';
  /** By name. */
  readonly images = new Map<string, { readonly id: string; readonly pinned: boolean }>();
  readonly pods: CriPod[] = [];
  /** What a container does. */
  container: (pod: CriPod) => PodEnd = () => ({ ok: true, exitCode: 0, output: 'hello\n' });

  async look(signal: AbortSignal): Promise<CriAnswer> {
    signal.throwIfAborted();
    return this.silent === '' ? { reached: true, ...this.runtime } : { reached: false, why: this.silent };
  }

  async image(name: string, signal: AbortSignal): Promise<ImageAnswer> {
    const found = this.images.get(name);
    return this.#unanswered(signal) ?? { ok: true, id: found?.id ?? null, pinned: found?.pinned ?? false };
  }

  async runPod(pod: CriPod, signal: AbortSignal): Promise<PodEnd> {
    const unanswered = this.#unanswered(signal);
    if (unanswered !== null) return unanswered;
    if (pod.handler !== '' && !this.runtime.handlers.includes(pod.handler)) return { ok: false, why: `no runtime for ${JSON.stringify(pod.handler)} is configured` };
    if (this.pods.some(({ name, uid }) => name === pod.name && uid === pod.uid)) return { ok: false, why: `name ${pod.name} is reserved` };
    this.pods.push(pod);
    return this.images.has(pod.image) ? this.container(pod) : { ok: false, why: `image ${pod.image} not found` };
  }

  async countPods(label: PodLabel, signal: AbortSignal): Promise<{ readonly ok: true; readonly count: number } | Unanswered> {
    return this.#unanswered(signal) ?? { ok: true, count: this.pods.filter((pod) => isLabelled(pod, label)).length };
  }

  async podIds(signal: AbortSignal): Promise<{ readonly ok: true; readonly ids: readonly string[] } | Unanswered> {
    return this.#unanswered(signal) ?? { ok: true, ids: this.pods.map(idOf) };
  }

  async handlersInUse(signal: AbortSignal): Promise<{ readonly ok: true; readonly handlers: readonly string[] } | Unanswered> {
    return this.#unanswered(signal) ?? { ok: true, handlers: [...new Set(this.pods.map(({ handler }) => handler))].toSorted() };
  }

  async removePod(id: string, signal: AbortSignal): Promise<string> {
    const unanswered = this.#unanswered(signal);
    if (unanswered !== null) return unanswered.why;
    this.pods.splice(0, this.pods.length, ...this.pods.filter((pod) => idOf(pod) !== id));
    return '';
  }

  async removePods(label: PodLabel, signal: AbortSignal): Promise<string> {
    const unanswered = this.#unanswered(signal);
    if (unanswered !== null) return unanswered.why;
    this.pods.splice(0, this.pods.length, ...this.pods.filter((pod) => !isLabelled(pod, label)));
    return '';
  }

  #unanswered(signal: AbortSignal): Unanswered | null {
    signal.throwIfAborted();
    return this.silent === '' ? null : { ok: false, why: this.silent };
  }
}

function idOf({ name, uid }: CriPod): string {
  return `${name}-${uid}`;
}

function isLabelled({ label }: CriPod, { key, value }: PodLabel): boolean {
  return label.key === key && label.value === value;
}

export function memoryCriLab(): CriLab {
  const cri = new MemoryCri();
  return {
    cri,
    runs: async (change = {}) => {
      cri.silent = '';
      return (cri.runtime = { ...cri.runtime, ...change });
    },
    holds: async (name, image) => void cri.images.set(name, image),
    prints: async (output, exitCode) => void (cri.container = () => ({ ok: true, exitCode, output })),
    silence: async () => void (cri.silent = 'nobody listens'),
    close: async () => undefined,
  };
}
