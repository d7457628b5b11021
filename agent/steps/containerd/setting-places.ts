import type { TomlTree } from '../../toml/toml-file.ts';
import type { ConfigVersion } from './config-version.ts';

/** Where a version of the format keeps what we set. */
export interface SettingPlaces {
  /** Of the plugin: runtimes, CDI. */
  readonly runtime: readonly string[];
  readonly defaultRuntime: readonly string[];
  /** One table a runtime. */
  readonly runtimes: readonly string[];
  readonly sandboxImage: readonly string[];
  readonly snapshotter: readonly string[];
  readonly registry: readonly string[];
  readonly enableCdi: readonly string[];
  readonly cdiSpecDirs: readonly string[];
}

/** What a file turns off when it turns off CRI. */
export const CRI_PLUGINS: readonly string[] = ['cri', 'io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime', 'io.containerd.cri.v1.images'];

export function isCriOff({ disabled_plugins: off }: TomlTree): boolean {
  return Array.isArray(off) && off.some((name) => CRI_PLUGINS.includes(String(name)));
}

const NAMES: Readonly<Record<ConfigVersion, { readonly runtime: string; readonly images: string }>> = {
  1: { runtime: 'cri', images: 'cri' },
  2: { runtime: 'io.containerd.grpc.v1.cri', images: 'io.containerd.grpc.v1.cri' },
  3: { runtime: 'io.containerd.cri.v1.runtime', images: 'io.containerd.cri.v1.images' },
  4: { runtime: 'io.containerd.cri.v1.runtime', images: 'io.containerd.cri.v1.images' },
};

export function placesIn(version: ConfigVersion): SettingPlaces {
  const runtime = ['plugins', NAMES[version].runtime];
  const images = ['plugins', NAMES[version].images];
  const moved = version >= 3;
  return {
    runtime,
    defaultRuntime: [...runtime, 'containerd', 'default_runtime_name'],
    runtimes: [...runtime, 'containerd', 'runtimes'],
    sandboxImage: moved ? [...images, 'pinned_images', 'sandbox'] : [...images, 'sandbox_image'],
    snapshotter: moved ? [...images, 'snapshotter'] : [...images, 'containerd', 'snapshotter'],
    registry: [...images, 'registry'],
    enableCdi: [...runtime, 'enable_cdi'],
    cdiSpecDirs: [...runtime, 'cdi_spec_dirs'],
  };
}
