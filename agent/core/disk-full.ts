import type { Outcome } from '../../shared/domain/journal-record.ts';

/** ENOSPC: no block or inode is left. EDQUOT: none is left for us. */
export function isDiskFull(error: unknown): error is Error {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return error instanceof Error && (code === 'ENOSPC' || code === 'EDQUOT');
}

/** What of a person's host could not be written, and what to do about it. */
export function diskFullOutcome(error: Error, doing: string): Outcome {
  return { code: 'disk-full', message: `${doing}: ${error.message}; nothing was changed. Free space on this host and start again`, object: '' };
}

/** As a file system is after an error of its disk, until a person has looked at it. */
export function isReadOnly(error: unknown): error is Error {
  return error instanceof Error && (error as { readonly code?: unknown }).code === 'EROFS';
}

export function readOnlyOutcome({ message }: Error): Outcome {
  return { code: 'disk-read-only', message: `this host's disk cannot be written (${message}), so nothing is done; see what the kernel says of it, check it, and mount it anew`, object: '' };
}
