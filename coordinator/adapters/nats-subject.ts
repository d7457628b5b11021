/**
 * Our names as subjects of NATS: `/` parts tokens there as `.` does here, and a dot within a segment (node names have
 * some) becomes `=`, which our names never hold. The way back is exact.
 */
export function toSubject(prefix: string, name: string): string {
  return `${prefix}.${name.replaceAll('.', '=').replaceAll('/', '.')}`;
}

export function fromSubject(prefix: string, subject: string): string {
  return subject.slice(prefix.length + 1).replaceAll('.', '/').replaceAll('=', '.');
}

/** The narrowest filter that takes in every name beginning with `namePrefix`; it may take in more. */
export function toFilter(prefix: string, namePrefix: string): string {
  const folder = namePrefix.slice(0, namePrefix.lastIndexOf('/') + 1);
  return `${folder === '' ? prefix : toSubject(prefix, folder.slice(0, -1))}.>`;
}
