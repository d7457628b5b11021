/** Names of the places that packages come from belong to the machine, not to the repository. */
const SOURCE_HOSTS = new RegExp(
  [String.raw`\b(registry|replicate)\.(npmjs|yarnpkg)\b`, String.raw`\b(deb|security|ftp|snapshot|archive)(\.[a-z]{2})?\.debian\.(org|com)\b`, String.raw`https?:\/\/[^/\s'"]*\b(mirrors?|artifactory|nexus|npm|pypi|proxy|apt)\b[^/\s'"]*\.[a-z]{2,}`, String.raw`\b(files\.pythonhosted|proxy\.golang)\.org\b`].join('|'),
  'i',
);
/** A folder at the root that only one machine has. */
const MACHINE_PATHS = /(?<![\w.}/)-])\/(work|home\/[a-z]+|Users\/[a-z]+)\/[\w.-]/;

/** Lines that tie the repository to the machine it was written on. */
export function machineProblems(path: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const host = SOURCE_HOSTS.exec(line)?.[0];
    const folder = MACHINE_PATHS.exec(line)?.[0];
    return [
      ...(host === undefined ? [] : [`${path}:${index + 1} names the package source ${host}: take it from the machine's own settings`]),
      ...(folder === undefined ? [] : [`${path}:${index + 1} names ${folder}: a folder of one machine`]),
      ...(path === 'package-lock.json' && line.includes('"resolved"') ? [`${path}:${index + 1} says where a package was fetched from`] : []),
    ];
  });
}
