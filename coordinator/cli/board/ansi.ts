/** The few styles that the board uses; test/demo/board-svg.ts knows the same ones. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';

const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 };

/** Text with its style; a line is a list of them, so that its width is known without reading escapes. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Line = readonly Span[];

export function span(text: string, style?: Style): Span {
  return { text, style };
}

export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + [...text].length, 0);
}

/** Cuts what does not fit, and says so with an ellipsis. */
export function fit(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const kept: Span[] = [];
  let left = Math.max(0, width - 1);
  for (const { text, style } of line) {
    const part = [...text].slice(0, left).join('');
    if (part !== '') kept.push({ text: part, style });
    left -= [...part].length;
    if (left === 0) break;
  }
  return width > 0 ? [...kept, { text: '…' }] : [];
}

/** `left` and `right` at the two ends of the width; right gives way. */
export function spread(left: Line, right: Line, width: number): Line {
  const gap = width - widthOf(left) - widthOf(right);
  return gap < 2 ? left : [...left, span(' '.repeat(gap)), ...right];
}

export function toText(line: Line, color: boolean): string {
  return line.map(({ text, style }) => (color && style !== undefined && text !== '' ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text)).join('').trimEnd();
}
