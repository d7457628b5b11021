import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** CN `system:node:edge-1`, until 2026-07-01. Its key was thrown away. */
export const NODE_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBDzCBwgIBATAFBgMrZXAwNDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRswGQYD
VQQDDBJzeXN0ZW06bm9kZTplZGdlLTEwHhcNMjUwMTAxMDAwMDAwWhcNMjYwNzAx
MDAwMDAwWjA0MRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxGzAZBgNVBAMMEnN5c3Rl
bTpub2RlOmVkZ2UtMTAqMAUGAytlcAMhAOA5LWgrumC3aGpkh7Ok9pCtaI1nD/N1
KUUBG4LLSgJ6MAUGAytlcANBAJUMeRNQw4fAoIrKZzn7kbjPL8niyL7nct7K40fK
m6csLU1QVIi0qL7up/cCR+EPOBu4CSMZOsk8TK/TcuXs7Qc=
-----END CERTIFICATE-----
`;
export const CERTIFICATE_ENDS_UNIX_MS = Date.UTC(2026, 6, 1);

/** The same until 2025-02-01. */
export const EXPIRED_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBDzCBwgIBATAFBgMrZXAwNDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRswGQYD
VQQDDBJzeXN0ZW06bm9kZTplZGdlLTEwHhcNMjUwMTAxMDAwMDAwWhcNMjUwMjAx
MDAwMDAwWjA0MRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxGzAZBgNVBAMMEnN5c3Rl
bTpub2RlOmVkZ2UtMTAqMAUGAytlcAMhAOA5LWgrumC3aGpkh7Ok9pCtaI1nD/N1
KUUBG4LLSgJ6MAUGAytlcANBAA+zO7vGdY8w9b3dr+QfMAxjP8B/baCUAkDZ7nRK
nFjK29aFB7oHGlA3tQMZlYwFh2eq+ispEvMAyy9GSA8wZw8=
-----END CERTIFICATE-----
`;

/** A folder that stands for the root of a host. */
export class HostRoot {
  readonly folder = mkdtempSync(join(tmpdir(), 'farrier-root-'));

  write(path: string, text: string | Buffer): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  /** A program that prints this. */
  program(path: string, says: string): void {
    this.write(path, `#!/bin/sh\ncat <<'END'\n${says}\nEND\n`);
    chmodSync(join(this.folder, path), 0o755);
  }

  /** Installed, as dpkg's status file says it. */
  packages(versions: Readonly<Record<string, string>>): void {
    const paragraphs = Object.entries(versions).map(([name, version]) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nDescription: d\n`);
    this.write('/etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n');
    this.write('/var/lib/dpkg/status', paragraphs.join('\n'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
