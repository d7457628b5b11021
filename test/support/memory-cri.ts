import type { Cri, CriAnswer, CriLook } from '../../agent/ports/cri.ts';
import type { CriLab } from './cri-cases.ts';

/** A container runtime that is none. A test says what it is, and that it does not answer by saying why. */
export class MemoryCri implements Cri {
  runtime: CriLook = { runtime: 'containerd', version: '1.7.24~ds1', ready: true, why: '', handlers: ['runc'], cgroupDriver: null };
  /** Why it cannot be asked; '' where it can. */
  silent = '';

  async look(signal: AbortSignal): Promise<CriAnswer> {
    signal.throwIfAborted();
    return this.silent === '' ? { reached: true, ...this.runtime } : { reached: false, why: this.silent };
  }
}

export function memoryCriLab(): CriLab {
  const cri = new MemoryCri();
  return {
    cri,
    runs: async (change = {}) => {
      cri.silent = '';
      return (cri.runtime = { ...cri.runtime, ...change });
    },
    silence: async () => void (cri.silent = 'nobody listens'),
    close: async () => undefined,
  };
}
