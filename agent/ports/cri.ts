/**
 * A container runtime, asked as the kubelet asks it: over the Kubernetes container runtime interface, runtime.v1. One that does
 * not answer is an answer too: nothing here rejects but by the signal.
 */
export interface Cri {
  /** Asks the runtime behind the socket. @returns why it cannot be asked where it does not answer */
  look(signal: AbortSignal): Promise<CriAnswer>;
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
  /** Null where the runtime does not say it: containerd does from 2.0 on. */
  readonly cgroupDriver: 'systemd' | 'cgroupfs' | null;
}
