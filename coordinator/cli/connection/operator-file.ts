import { X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

import { CliError } from '../cli-error.ts';

/** Everything that an operator needs to reach a coordinator, in one file of mode 0600. */
export const OperatorFile = z.strictObject({
  format: z.literal('farrier-operator/v1'),
  fleet: z.string(),
  name: z.string(),
  role: z.string(),
  /** host:port */
  server: z.string(),
  certificatePem: z.string(),
  privateKeyPem: z.string(),
  caPem: z.string(),
});

export type OperatorFile = Readonly<z.infer<typeof OperatorFile>>;

const MAKE_ANOTHER = 'ask an admin for another one: farrier operator create NAME --role ROLE --out FILE';

/** @throws CliError where the file cannot be used: readable by others, not an operator file, expired. */
export async function readOperatorFile(path: string, nowUnixMs: number): Promise<OperatorFile> {
  const text = await read(path);
  const file = parse(text, path);
  const certificate = certificateOf(file, path);
  if (certificate.validToDate.getTime() < nowUnixMs) throw new CliError('certificate-refused', `the certificate in ${path} expired on ${certificate.validToDate.toISOString()}`, MAKE_ANOTHER);
  if (certificate.validFromDate.getTime() > nowUnixMs) {
    throw new CliError('certificate-refused', `the certificate in ${path} is not valid before ${certificate.validFromDate.toISOString()}, which this machine's clock has not reached`, 'set up time synchronisation on this machine');
  }
  return file;
}

/** Never overwrites: the file before may hold the only key that still works. */
export async function writeOperatorFile(path: string, file: OperatorFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    throw new CliError('bad-file', `${path} cannot be written: ${errnoText(cause)}`, 'name another file with --out');
  });
  try {
    await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (cause: NodeJS.ErrnoException) => cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR',
  );
}

async function read(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new CliError('operator-file-unusable', `${path} holds a private key and others on this machine can read it`, `chmod 600 ${path}`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('operator-file-unusable', `the operator file ${path} cannot be read: ${errnoText(cause)}`, `check the path, or ${MAKE_ANOTHER}`);
  }
}

function parse(text: string, path: string): OperatorFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CliError('operator-file-unusable', `${path} is no operator file: it is not JSON`, MAKE_ANOTHER);
  }
  const parsed = OperatorFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CliError('operator-file-unusable', `${path} is no operator file: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, MAKE_ANOTHER);
}

function certificateOf(file: OperatorFile, path: string): X509Certificate {
  try {
    return new X509Certificate(file.certificatePem);
  } catch {
    throw new CliError('operator-file-unusable', `${path} holds no certificate that can be read`, MAKE_ANOTHER);
  }
}

export function errnoText(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  const known: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'permission denied', EEXIST: 'it exists already', EISDIR: 'it is a folder', ENOTDIR: 'part of the path is no folder' };
  return (code === undefined ? undefined : known[code]) ?? String(cause instanceof Error ? cause.message : cause);
}
