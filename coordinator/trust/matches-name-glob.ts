/** `*` is any run of characters, `?` one; several globs are separated by commas. In linear memory, without backtracking through regular expressions. */
export function matchesNameGlob(name: string, globs: string): boolean {
  return globs.split(',').some((glob) => matchesOne(name, glob.trim()));
}

function matchesOne(name: string, glob: string): boolean {
  let [at, globAt] = [0, 0];
  let star: { readonly globAt: number; at: number } | null = null;
  while (at < name.length) {
    if (glob[globAt] === '*') {
      star = { globAt, at };
      globAt += 1;
    } else if (glob[globAt] === '?' || glob[globAt] === name[at]) {
      at += 1;
      globAt += 1;
    } else if (star === null) {
      return false;
    } else {
      // The last star takes one character more.
      star.at += 1;
      at = star.at;
      globAt = star.globAt + 1;
    }
  }
  return /^\**$/.test(glob.slice(globAt));
}
