import { join } from 'node:path';

import { FACT_PACKAGES, FACT_VERSION_PATTERN, type PackageFamily } from '../../shared/domain/host-facts.ts';
import type { RunProgram } from '../ports/programs.ts';
import { readDpkgStatus } from './dpkg-status.ts';

const QUERY_MAX_MS = 30_000;

/** Versions of FACT_PACKAGES, of those that are installed. rpm keeps no file that says it, so it is asked. */
export async function readInstalledPackages(root: string, family: PackageFamily | null, run: RunProgram, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  try {
    if (family === 'apt') return onlyValid(readDpkgStatus(join(root, '/var/lib/dpkg/status'), FACT_PACKAGES));
    if (family === null) return {};
    const limit = AbortSignal.any([signal, AbortSignal.timeout(QUERY_MAX_MS)]);
    // Ends with the number of those that are not installed.
    const { stdout } = await run(['rpm', '--root', root, '-q', '--queryformat', '%{NAME}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n', ...FACT_PACKAGES], { signal: limit });
    return onlyValid(Object.fromEntries(stdout.split('\n').flatMap((line) => (line.includes('\t') ? [line.split('\t', 2) as [string, string]] : []))));
  } catch {
    return {};
  }
}

function onlyValid(versions: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(versions).filter(([name, version]) => FACT_PACKAGES.includes(name) && FACT_VERSION_PATTERN.test(version)));
}
