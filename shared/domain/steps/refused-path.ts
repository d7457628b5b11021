/** What no plan may write, with why. The agent adds where its own folders lie, and refuses links on the way. */
const REFUSED: readonly (readonly [folder: string, why: string])[] = [
  ['/proc', 'is the kernel’s; use a sysctl step'],
  ['/sys', 'is the kernel’s'],
  ['/dev', 'holds devices'],
  ['/boot', 'starts this host; only packages change it'],
  ...['/var/lib/dpkg', '/var/lib/rpm', '/usr/lib/sysimage', '/var/lib/dnf', '/var/lib/zypp'].map((folder) => [folder, 'is the package system’s own; use a packages step'] as const),
];

/** A folder or file of Farrier's: `farrier`, `farrier-agent`, `90-farrier-net.conf`. */
const OWN_SEGMENT = /^(?:\d+-)?farrier(?:[-.].*)?$/;

/** @param path matches FILE_PATH_PATTERN. @returns why no `files` step may touch it; '' where one may. */
export function refusedPath(path: string): string {
  const found = REFUSED.find(([folder]) => path === folder || path.startsWith(`${folder}/`));
  if (found !== undefined) return `${found[0]} ${found[1]}`;
  const own = path.split('/').find((segment) => OWN_SEGMENT.test(segment));
  return own === undefined ? '' : `${own} is Farrier’s own`;
}
