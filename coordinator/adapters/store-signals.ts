import { EventEmitter } from 'node:events';

import type { Unsubscribe } from '../ports/event-store.ts';

/** Who in this process waits for what: appends of a stream, messages on a subject, the end of the store. */
export interface StoreSignals {
  onAppend(stream: string, listener: () => void): Unsubscribe;
  appended(stream: string): void;
  /** After an interruption anything may have been appended anywhere. */
  appendedSomewhere(): void;
  onMessage(subject: string, listener: (json: string) => void): Unsubscribe;
  message(subject: string, json: string): void;
}

export function createStoreSignals(): StoreSignals {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  // The prefixes also keep a stream that is called `error` from being an EventEmitter's error event.
  const on = <Args extends unknown[]>(name: string, listener: (...args: Args) => void): Unsubscribe => {
    const own = (...args: unknown[]): void => listener(...(args as Args));
    emitter.on(name, own);
    return () => void emitter.off(name, own);
  };
  return {
    onAppend: (stream, listener) => on(`append:${stream}`, listener),
    appended: (stream) => void emitter.emit(`append:${stream}`),
    appendedSomewhere: () => {
      for (const name of emitter.eventNames()) if (String(name).startsWith('append:')) emitter.emit(name);
    },
    onMessage: (subject, listener) => on(`message:${subject}`, listener),
    message: (subject, json) => void emitter.emit(`message:${subject}`, json),
  };
}
