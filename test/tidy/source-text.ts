/** What a rule wants to see of a source file; whatever it does not see is blanked, so that offsets and lines stay. */
export type View = 'code' | 'code-and-strings';

/**
 * Source text without its comments, and for `code` without the insides of its strings too. Code inside `${...}` stays.
 * A regular expression literal is told from a division by what stands before it, which is right for all but odd code.
 */
export function viewSource(text: string, view: View): string {
  const out: string[] = [];
  const templateDepths: number[] = [];
  let braces = 0;
  let at = 0;
  const blank = (until: number): void => {
    out.push(text.slice(at, until).replaceAll(/[^\n]/g, ' '));
    at = until;
  };
  const keep = (until: number): void => {
    out.push(text.slice(at, until));
    at = until;
  };
  const string = (until: number): void => (view === 'code' ? blank(until) : keep(until));
  while (at < text.length) {
    const character = text[at] ?? '';
    const two = text.slice(at, at + 2);
    if (two === '//') blank(endOf(text, '\n', at));
    else if (two === '/*') blank(endOf(text, '*/', at + 2) + 2);
    else if (character === "'" || character === '"') string(endOfQuoted(text, at + 1, character));
    else if (character === '/' && startsRegExp(out)) string(endOfRegExp(text, at + 1));
    else if (character === '`' || (character === '}' && templateDepths.at(-1) === braces)) {
      if (character === '}') templateDepths.pop();
      const end = endOfTemplatePart(text, at + 1);
      string(end);
      if (text.slice(end - 2, end) === '${') templateDepths.push(braces);
    } else {
      if (character === '{') braces += 1;
      if (character === '}') braces -= 1;
      keep(at + 1);
    }
  }
  return out.join('');
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote || text[at] === '\n') return at + 1;
  }
  return text.length;
}

function endOfTemplatePart(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`') return at + 1;
    else if (text[at] === '$' && text[at + 1] === '{') return at + 2;
  }
  return text.length;
}

function endOfRegExp(text: string, from: number): number {
  let inClass = false;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '\n' || (text[at] === '/' && !inClass)) return at + 1;
  }
  return text.length;
}

function startsRegExp(out: readonly string[]): boolean {
  const before = out.slice(-40).join('').trimEnd();
  return before === '' || /[=([{,:;!&|?+>]$|\breturn$/.test(before);
}
