import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK_BYTES = 64 * 1024;
/** A paragraph longer than this is none of a package that anybody asks for: it is left out. */
const PARAGRAPH_MAX = 1024 * 1024;

/**
 * Versions of those of `names` that are installed, from dpkg's own file: no program is started, and of its megabytes only
 * one piece at a time is in memory. A package that is installed for two architectures counts as the first one.
 * @throws where the file cannot be read.
 */
export function readDpkgStatus(path: string, names: readonly string[]): Readonly<Record<string, string>> {
  const wanted = new Set(names);
  const versions: Record<string, string> = {};
  for (const paragraph of paragraphs(path)) {
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    if (name === undefined || !wanted.has(name) || versions[name] !== undefined) continue;
    // `hold ok installed`: wanted, error, state. Half-configured is not installed.
    if (!/^Status: \S+ \S+ installed$/m.test(paragraph)) continue;
    const version = /^Version: (\S+)$/m.exec(paragraph)?.[1];
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

function* paragraphs(path: string): Generator<string> {
  const file = openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = '';
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      // Names and versions are ASCII; what is not may be cut anywhere.
      const parts = (rest + chunk.toString('latin1', 0, read)).split('\n\n');
      const last = parts.pop() ?? '';
      rest = last.length > PARAGRAPH_MAX ? '' : last;
      yield* parts;
    }
    yield rest;
  } finally {
    closeSync(file);
  }
}
