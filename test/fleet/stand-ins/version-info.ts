/** What the API answers at /version (k8s.io/apimachinery/pkg/version.Info), for `v1.34.1`. */
export function serverVersionInfo(version: string): Readonly<Record<string, string>> {
  const { major, minor, ...rest } = versionInfo(version) as Readonly<Record<'major' | 'minor', string>>;
  return { major, minor, emulationMajor: major, emulationMinor: minor, minCompatibilityMajor: major, minCompatibilityMinor: String(Number(minor) - 1), ...rest };
}

/** What a command prints of itself, such as `kubeadm version -o json`. */
export function versionInfo(version: string): Readonly<Record<string, string>> {
  const [, major = '1', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    major, minor,
    gitVersion: version, gitCommit: '0'.repeat(40), gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: 'stand-in', compiler: 'stand-in', platform: process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
  };
}

export interface KubeVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Of `v1.34.1` or `1.34.1+k3s1`. @throws for anything else */
export function parseKubeVersion(text: string): KubeVersion {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:[+-].*)?$/.exec(text);
  if (match === null) throw new Error(`could not parse "${text}" as version`);
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/** Below 0 where `a` is older. */
export function compareKubeVersions(a: KubeVersion, b: KubeVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}
