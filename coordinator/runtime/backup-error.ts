/** What a backup or a restore refuses. Nothing was put in place when it is thrown. */
export class BackupError extends Error {
  readonly code: BackupErrorCode;
  readonly remedy: string;

  constructor(code: BackupErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BackupError';
    this.code = code;
    this.remedy = remedy;
  }
}

export type BackupErrorCode =
  | 'backup-not-one'
  | 'backup-newer-format'
  /** Wrong passphrase or key file, or a changed header. */
  | 'backup-wrong-secret'
  /** Truncated, changed, or with content that is not what its manifest says. */
  | 'backup-damaged'
  | 'backup-weak-secret'
  | 'folder-not-empty'
  | 'folder-not-replaceable'
  | 'target-exists';
