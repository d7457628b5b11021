import { readFileSync } from 'node:fs';
import { arch, release } from 'node:os';

/** What does not change while this boot lasts. */
export interface BootFacts {
  readonly bootId: string;
  readonly machineId: string;
  /** PRETTY_NAME of os-release. */
  readonly osRelease: string;
  readonly kernel: string;
  /** As dpkg names it. */
  readonly architecture: string;
}

export function readBootFacts(): BootFacts {
  return {
    bootId: readBootId(),
    machineId: readOr('/etc/machine-id', ''),
    osRelease: /^PRETTY_NAME="?(.*?)"?$/m.exec(readOr('/etc/os-release', ''))?.[1] ?? '',
    kernel: release(),
    architecture: readArchitecture(),
  };
}

/** As dpkg names it. */
export function readArchitecture(): string {
  return ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[arch()] ?? arch();
}

/**
 * systemd-nspawn gives each boot of a host an id of its own, over the kernel's one; but a sandboxed unit sees a /proc of its
 * own and in it the kernel's. What systemd itself says (%b in the unit file) wins: all of Farrier must name one boot alike.
 */
export function readBootId(): string {
  const said = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(process.env['FARRIER_BOOT_ID'] ?? '');
  return said === null ? readOr('/proc/sys/kernel/random/boot_id', 'unknown') : said.slice(1).join('-');
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return otherwise;
  }
}
