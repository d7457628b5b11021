/** `*`, `?` and `[...]` of fnmatch(3), as locks of dnf and zypper use them. */
export function globOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*|\?|\[[^\]]*\])/).map((part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return /^\[.*\]$/.test(part) ? part : part.replaceAll(/[.+^${}()|\\[\]]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`);
}
