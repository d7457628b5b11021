import type { CliContext } from './context.ts';

/** Without a terminal, the first line comes when a person begins to wonder, and others this often while there is something new. */
const FIRST_LINE_MS = 2_000;
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
  const ended = new AbortController();
  let [latest, shown] = ['', ''];
  const draw = (): void => {
    if (latest === shown) return;
    shown = latest;
    if (terminal === null) io.err(latest);
    else terminal.write(`${CLEAR_LINE}${latest}`);
  };
  const drawAll = async (): Promise<void> => {
    // By the clock, and not when something comes: what comes at once and then takes long is shown too.
    for (let waitMs = terminal === null ? FIRST_LINE_MS : REDRAW_EVERY_MS; ; waitMs = terminal === null ? LINE_EVERY_MS : REDRAW_EVERY_MS) {
      await io.clock.sleep(waitMs, ended.signal);
      draw();
    }
  };
  drawAll().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  return {
    show: (text) => {
      latest = text;
    },
    end: () => {
      ended.abort();
      if (shown !== '') terminal?.write(CLEAR_LINE);
      shown = '';
    },
  };
}
