/**
 * A container runtime, asked as the kubelet asks it: over the Kubernetes container runtime interface, runtime.v1. One that does
 * not answer is an answer too: nothing here rejects but by the signal.
 */
export interface Cri {
  /** Asks the runtime behind the socket. @returns why it cannot be asked where it does not answer */
  look(signal: AbortSignal): Promise<CriAnswer>;
  /** By any of its names. */
  image(name: string, signal: AbortSignal): Promise<ImageAnswer>;
  /**
   * Runs what an image runs, to its end, as a pod in the host's network, without capabilities and on a root that it cannot
   * write. What it made stays until it is removed.
   */
  runPod(pod: CriPod, signal: AbortSignal): Promise<PodEnd>;
  /** How many pods with this label there are, whatever state they are in. */
  countPods(label: PodLabel, signal: AbortSignal): Promise<{ readonly ok: true; readonly count: number } | Unanswered>;
  /** Ids of all pods, whoever made them and whatever state they are in. */
  podIds(signal: AbortSignal): Promise<{ readonly ok: true; readonly ids: readonly string[] } | Unanswered>;
  /** Handlers of the pods that run, each once and sorted; '' stands for the default one. */
  handlersInUse(signal: AbortSignal): Promise<{ readonly ok: true; readonly handlers: readonly string[] } | Unanswered>;
  /** Stops and removes one with all that is in it. Idempotent. @returns '' or why it cannot */
  removePod(id: string, signal: AbortSignal): Promise<string>;
  /** Stops and removes them with all that is in them. Idempotent. @returns '' or why it cannot */
  removePods(label: PodLabel, signal: AbortSignal): Promise<string>;
}

export type CriAnswer = ({ readonly reached: true } & CriLook) | { readonly reached: false; readonly why: string };

export interface CriLook {
  /** `containerd`. */
  readonly runtime: string;
  /** As the runtime says it: `1.6.20~ds1`, `v2.1.4`. */
  readonly version: string;
  /** RuntimeReady alone: the network's readiness is not the runtime's. */
  readonly ready: boolean;
  /** Why it is not ready; may be empty. */
  readonly why: string;
  /** Names of runtimes that a RuntimeClass can name, sorted. */
  readonly handlers: readonly string[];
  /** The one that pods get whose RuntimeClass names none; '' where the runtime does not say it. */
  readonly defaultHandler: string;
  /** Of the default handler; null where the runtime does not show it. */
  readonly cgroupDriver: 'systemd' | 'cgroupfs' | null;
}

/** `id` null: there is no such image. `pinned` is kept before containerd 1.7 and not shown. */
export type ImageAnswer = { readonly ok: true; readonly id: string | null; readonly pinned: boolean } | Unanswered;

export interface CriPod {
  /** A DNS label; with `uid` unique among the pods of this host. */
  readonly name: string;
  readonly uid: string;
  readonly label: PodLabel;
  /** Empty: the default one. */
  readonly handler: string;
  /** Any name of an image that is there: nothing is pulled. */
  readonly image: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absolute; is there. */
  readonly logFolder: string;
}

export interface PodLabel {
  readonly key: string;
  readonly value: string;
}

export type PodEnd =
  | {
      readonly ok: true;
      readonly exitCode: number;
      /** What it wrote to standard output and error, the first OUTPUT_MAX characters. */
      readonly output: string;
    }
  | Unanswered;

export interface Unanswered {
  readonly ok: false;
  readonly why: string;
}

export const OUTPUT_MAX = 64 * 1024;
