import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';

import { writeHeader } from '../../../shared/age/age-header.ts';
import { formatIdentity, generateIdentity, type Identity, parseRecipient } from '../../../shared/age/age-keys.ts';
import { ChunkSealer, payloadKeyOf } from '../../../agent/snapshots/sealed/age-payload.ts';
import { parseIdentityFile } from '../../../shared/age/identity-file.ts';
import { openPayload } from '../../../agent/snapshots/sealed/open-payload.ts';
import { runForBytes, runProgram } from '../../fleet/run-program.ts';
import { ageProgramsOrSayWhy } from '../../support/age-programs.ts';
import { patterned } from '../../support/snapshot-sink-cases.ts';
import { sealBytes, unsealBytes } from '../../support/sealed-bytes.ts';

// Beside the program age of Debian: what one seals, the other opens.

const [mine, other] = [generateIdentity(), generateIdentity()];
/** Around the borders of chunks, and of many of them. */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000];
const programs = await ageProgramsOrSayWhy('whether what is sealed here and what age seals are the same');

if (programs === null) test('beside the program age: NOT CHECKED, no age', ({ skip }) => skip());
else {
  const folder = await mkdtemp(join(tmpdir(), 'farrier-age-'));
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const identityFile = async (identity: Identity): Promise<string> => {
    const path = join(folder, 'identity');
    await writeFile(path, `# a key\n${formatIdentity(identity)}\n`, { mode: 0o600 });
    return path;
  };

  const openedByAge = async (bytes: Buffer, identity: Identity): Promise<Buffer> => {
    const { exitCode, stdout, stderr } = await runForBytes([programs.age, '--decrypt', '--identity', await identityFile(identity)], { input: bytes, timeoutMs: 30_000 });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  };

  const sealedByAge = async (bytes: Buffer, identities: readonly Identity[]): Promise<Buffer> => {
    const { exitCode, stdout, stderr } = await runForBytes([programs.age, ...identities.flatMap(({ recipient }) => ['--recipient', recipient.text])], { input: bytes, timeoutMs: 30_000 });
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  };

  test('age opens what was sealed here, with the key of each recipient', async () => {
    const plain = patterned(3_000_000);
    const { bytes } = await sealBytes(plain, [mine.recipient, other.recipient]);
    for (const identity of [mine, other]) {
      expect(zstdDecompressSync(await openedByAge(bytes, identity)).equals(plain)).toBe(true);
    }
    await expect(openedByAge(bytes, generateIdentity())).rejects.toThrow('no identity matched');
  });

  test.each(SIZES)('age opens a payload of %i bytes', async (sizeBytes) => {
    const plain = randomBytes(sizeBytes);
    const [key, nonce] = [randomBytes(16), randomBytes(16)];
    const sealer = new ChunkSealer(payloadKeyOf(key, nonce));
    const bytes = Buffer.concat([writeHeader(key, [mine.recipient]), nonce, ...sealer.update(plain), ...sealer.end()]);
    expect((await openedByAge(bytes, mine)).equals(plain)).toBe(true);
  });

  test.each(SIZES)('a payload of %i bytes that age sealed is opened', async (sizeBytes) => {
    const plain = randomBytes(sizeBytes);
    const bytes = await sealedByAge(plain, [other, mine]);
    const opened: Buffer[] = [];
    const payload = openPayload(inPieces(bytes), [mine]);
    let next = await payload.next();
    for (; next.done !== true; next = await payload.next()) opened.push(next.value);
    expect(next.value).toBeNull();
    expect(Buffer.concat(opened).equals(plain)).toBe(true);
  });

  test('a snapshot that zstd and age sealed by hand is opened', async () => {
    const plain = patterned(2_000_000);
    const bytes = await sealedByAge(zstdCompressSync(plain), [mine]);
    const sized = (of: Buffer) => ({ digest: createHash('sha256').update(of).digest('hex'), sizeBytes: of.length });
    const { unsealed, released } = await unsealBytes(bytes, [mine], { plain: sized(plain), sealed: sized(bytes) });
    expect(unsealed).toEqual({ ok: true });
    expect(released.equals(plain)).toBe(true);
  });

  test('keys that age-keygen makes are read, and it reads those made here', async () => {
    const made = join(folder, 'made');
    await runProgram([programs.ageKeygen, '-o', made], { timeoutMs: 10_000 });
    const written = await readFile(made, 'utf8');
    const text = /age1\w+/.exec(written)?.[0] ?? '';
    expect(parseIdentityFile(written)).toMatchObject({ ok: true, identities: [{ recipient: { text } }] });
    expect(parseRecipient(text)).toMatchObject({ ok: true, recipient: { text } });
    const { stdout } = await runProgram([programs.ageKeygen, '-y', await identityFile(mine)], { timeoutMs: 10_000 });
    expect(stdout.trim()).toBe(mine.recipient.text);
  });
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 30_000) yield bytes.subarray(at, at + 30_000);
}
