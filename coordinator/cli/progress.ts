import type { CliContext } from './context.ts';

/** Without a terminal a line this often says that it goes on. */
const LINE_EVERY_MS = 5_000;
const REDRAW_EVERY_MS = 100;
const CLEAR_LINE = '\r\u001b[K';

export interface Progress {
  /** Replaces what was shown before. */
  show(text: string): void;
  /** Takes it off the screen. Idempotent. */
  end(): void;
}

/** How far something is that takes its time: one line that is drawn over on a terminal, lines on standard error elsewhere. */
export function openProgress({ io, json }: CliContext): Progress {
  const terminal = json ? null : io.terminal;
  let shownMs = io.clock.monotonicMs();
  let isShown = false;
  return {
    show: (text) => {
      const nowMs = io.clock.monotonicMs();
      if (nowMs - shownMs < (terminal === null ? LINE_EVERY_MS : REDRAW_EVERY_MS)) return;
      shownMs = nowMs;
      isShown = true;
      if (terminal === null) io.err(text);
      else terminal.write(`${CLEAR_LINE}${text}`);
    },
    end: () => {
      if (isShown) terminal?.write(CLEAR_LINE);
      isShown = false;
    },
  };
}
