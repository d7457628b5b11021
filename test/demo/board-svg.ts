import type { Style } from '../../coordinator/cli/board/ansi.ts';

const FONT_SIZE = 14;
const CELL_WIDTH = 8.4;
const CELL_HEIGHT = 20;
const PADDING = 16;
const TITLE_HEIGHT = 28;

const BACKGROUND = '#1b1f24';
const FOREGROUND = '#d7dde4';
const COLORS: Readonly<Record<Exclude<Style, 'bold'>, string>> = { dim: '#7d8894', red: '#ff7b72', green: '#56d364', yellow: '#e3b341', blue: '#79c0ff', cyan: '#56d4dd' };
const STYLES: Readonly<Record<string, Style>> = { '1': 'bold', '2': 'dim', '31': 'red', '32': 'green', '33': 'yellow', '34': 'blue', '36': 'cyan' };
/** Drawn as rectangles: fonts leave gaps between these. */
const BLOCKS: Readonly<Record<string, number>> = { '█': 1, '▓': 0.7, '░': 0.22 };

interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: Style | null;
}

/** A board as it stood in a terminal, ANSI and all, as a picture for a page. Pure. @throws for escapes that the board never uses. */
export function boardSvg(lines: readonly string[], title = ''): string {
  const runs = lines.map(readLine);
  const columns = Math.max(20, ...runs.map((line) => line.reduce((end, { column, text }) => Math.max(end, column + [...text].length), 0)));
  const top = PADDING + (title === '' ? 0 : TITLE_HEIGHT);
  const width = Math.ceil(columns * CELL_WIDTH + 2 * PADDING);
  const height = lines.length * CELL_HEIGHT + top + PADDING;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}">`,
    ...(title === '' ? [] : [`<title>${escapeXml(title)}</title>`]),
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    ...(title === '' ? [] : [`<text x="${PADDING}" y="${PADDING + FONT_SIZE}" fill="${COLORS.dim}">${escapeXml(title)}</text>`]),
    ...runs.flatMap((line, row) => line.flatMap((run) => drawRun(run, top + row * CELL_HEIGHT))),
    '</svg>',
    '',
  ].join('\n');
}

function readLine(line: string): readonly Run[] {
  const runs: Run[] = [];
  let column = 0;
  const add = (text: string, style: Style | null): void => {
    if (text === '') return;
    runs.push({ column, text, style });
    column += [...text].length;
  };
  const [start = '', ...escaped] = line.split('\u001b');
  add(start, null);
  for (const part of escaped) {
    const [, code, text = ''] = /^\[([\d;]*)m([\s\S]*)$/.exec(part) ?? [];
    if (code === undefined) throw new Error(`an escape that is no style: ${JSON.stringify(part)}`);
    add(text, readStyle(code));
  }
  return runs;
}

function readStyle(code: string): Style | null {
  if (code === '0' || code === '') return null;
  const style = STYLES[code];
  if (style === undefined) throw new Error(`a style that the board never uses: ${code}`);
  return style;
}

/** Words apart from blocks, each at the place of its cell, so that no font can move the columns. */
function drawRun({ column, text, style }: Run, y: number): readonly string[] {
  const fill = style === null || style === 'bold' ? FOREGROUND : COLORS[style];
  const drawn: string[] = [];
  for (const match of text.matchAll(/([█▓░])\1*|[^█▓░\s](?:[^█▓░]*[^█▓░\s])?/gu)) {
    const [part, block] = match;
    const x = round(PADDING + (column + [...text.slice(0, match.index)].length) * CELL_WIDTH);
    const width = round([...part].length * CELL_WIDTH);
    if (block !== undefined) {
      drawn.push(`<rect x="${x}" y="${y + 3}" width="${width}" height="${CELL_HEIGHT - 6}" fill="${fill}" opacity="${BLOCKS[block] ?? 1}"/>`);
    } else {
      const weight = style === 'bold' ? ' font-weight="bold"' : '';
      drawn.push(`<text x="${x}" y="${y + FONT_SIZE}" fill="${fill}"${weight} textLength="${width}" xml:space="preserve">${escapeXml(part)}</text>`);
    }
  }
  return drawn;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
