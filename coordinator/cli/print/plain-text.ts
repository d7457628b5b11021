/** Text from elsewhere, as it can stand in a terminal: no control characters, one line. */
export function plainText(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
