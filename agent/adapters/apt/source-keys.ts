/**
 * Paths that a source names as its keys: `Signed-By:` of sources.list(5) in deb822, lines that go on included, and
 * `[signed-by=A,B]` of the one-line style. A fingerprint and a key written out are no paths.
 */
export function keyPathsOf(text: string): readonly string[] {
  const values = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .matchAll(/^Signed-By:((?:.*)(?:\n[ \t]+.*)*)|\[[^\]\n]*\bsigned-by=([^\]\s]+)[^\]\n]*\]/gim);
  return [...values].flatMap(([, field = '', option = '']) => `${field} ${option}`.split(/[\s,]+/)).filter((word) => word.startsWith('/'));
}
