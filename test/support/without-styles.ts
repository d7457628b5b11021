const ESCAPE = '\u001b';
const STYLE = /^\[\d+m/;

/** Takes out the sequences that set a style, as `board/ansi.ts` writes them; any other escape stays to be seen. */
export function withoutStyles(text: string, instead = ''): string {
  const [start = '', ...escaped] = text.split(ESCAPE);
  return start + escaped.map((part) => (STYLE.test(part) ? part.replace(STYLE, instead) : ESCAPE + part)).join('');
}
