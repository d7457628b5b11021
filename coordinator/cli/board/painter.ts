import type { Terminal } from '../cli-io.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_LINE_END = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
/** Terminals that know it show a frame at once; the others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h';
const END_FRAME = '\u001b[?2026l';

/** Draws lines over those that it drew before. */
export class Painter {
  readonly #terminal: Terminal;
  #drawn = 0;
  #columns = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  paint(lines: readonly string[]): void {
    // After a resize the lines may have been wrapped: nobody knows any more how many rows they take.
    const resized = this.#columns !== 0 && this.#columns !== this.#terminal.columns();
    const home = resized ? '\u001b[2J\u001b[H' : this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\r`;
    this.#terminal.write(`${BEGIN_FRAME}${HIDE_CURSOR}${home}${lines.map((line) => `${line}${ERASE_LINE_END}\n`).join('')}${ERASE_BELOW}${END_FRAME}`);
    this.#drawn = lines.length;
    this.#columns = this.#terminal.columns();
  }

  /** Leaves the last picture standing. */
  end(): void {
    this.#terminal.write(SHOW_CURSOR);
  }
}
