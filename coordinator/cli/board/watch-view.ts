import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import type { CliIo, Terminal } from '../cli-io.ts';
import { changeLines } from './change-lines.ts';
import { Painter } from './painter.ts';
import { renderBoard } from './render-board.ts';
import { summaryLine } from './summary-line.ts';

/** Where a watched rollout is shown. */
export interface WatchView {
  /** The coordinator said how it is now. */
  show(rollout: Rollout): void;
  /** Not reachable, in words; empty when it is again. */
  notice(text: string): void;
  /** About once a second: ages move though nothing happens. */
  tick(): void;
  end(): void;
}

export function boardView(io: CliIo, terminal: Terminal): WatchView {
  const painter = new Painter(terminal);
  const color = (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
  let last: Rollout | null = null;
  let notice = '';
  const paint = (): void => {
    if (last === null) return;
    painter.paint(renderBoard(last, { width: terminal.columns(), height: terminal.rows() - 1, nowUnixMs: io.clock.wallUnixMs(), color, notice }));
  };
  return {
    show: (rollout) => {
      last = rollout;
      paint();
    },
    notice: (text) => {
      notice = text;
      paint();
    },
    tick: paint,
    end: () => {
      painter.end();
      if (last !== null) io.out(summaryLine(last));
    },
  };
}

export function linesView(io: CliIo): WatchView {
  let last: Rollout | null = null;
  let lost = false;
  const say = (text: string): void => io.out(`${new Date(io.clock.wallUnixMs()).toISOString().slice(11, 19)}Z ${text}`);
  return {
    show: (rollout) => {
      for (const line of changeLines(last, rollout)) say(line);
      last = rollout;
    },
    notice: (text) => {
      // Once an outage: the seconds of it are for the board.
      if ((text !== '') !== lost) say(text === '' ? 'the coordinator answers again' : text);
      lost = text !== '';
    },
    tick: () => undefined,
    end: () => {
      if (last !== null) say(summaryLine(last));
    },
  };
}

/** One line of JSON a change. Estimates and ages alone are no change. */
export function jsonView(io: CliIo): WatchView {
  let last = '';
  let lost = false;
  return {
    show: (rollout) => {
      const known = JSON.stringify({ ...rollout, leftMs: 0 });
      if (known !== last) io.out(JSON.stringify(rollout));
      last = known;
    },
    notice: (text) => {
      if ((text !== '') !== lost) io.err(JSON.stringify({ notice: text === '' ? 'the coordinator answers again' : text }));
      lost = text !== '';
    },
    tick: () => undefined,
    end: () => undefined,
  };
}
