import { open } from 'node:fs/promises';

import { failure, type Failure } from '../../../shared/trust/failure.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

const FILE_MAX_BYTES = 16 * 1024;

/** The file of aws(1), its first section; read anew for each use, so that a new key needs no restart. No message repeats what is in it. */
export async function readCredentials(path: string): Promise<{ readonly ok: true; readonly credentials: S3Credentials } | Failure<'credentials-unreadable'>> {
  const no = (why: string): Failure<'credentials-unreadable'> => failure('credentials-unreadable', `${path} gives no access to the object store: ${why}`);
  let text: string;
  try {
    const file = await open(path, 'r');
    try {
      const { mode, uid, gid, size } = await file.stat();
      if (uid !== 0 && uid !== process.getuid?.()) return no('it belongs to somebody else; chown root');
      // Root's file for the group of a coordinator that is not root.
      const groupMay = uid === 0 && gid !== 0 && gid === process.getgid?.() ? 0o040 : 0;
      if ((mode & 0o077 & ~groupMay) !== 0) return no('others than the coordinator may read it; chmod 0600, or 0640 with the group farrier-coordinator');
      if (size > FILE_MAX_BYTES) return no(`it has ${size} bytes`);
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    return no((error as Error).message);
  }
  const said = (name: string): string | null => new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)\\s*$`, 'm').exec(text)?.[1] ?? null;
  const [accessKeyId, secretAccessKey] = [said('aws_access_key_id'), said('aws_secret_access_key')];
  if (accessKeyId === null || secretAccessKey === null) return no('it needs lines with aws_access_key_id = ... and aws_secret_access_key = ...');
  return { ok: true, credentials: { accessKeyId, secretAccessKey, sessionToken: said('aws_session_token') } };
}
