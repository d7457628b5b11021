import { arch } from 'node:os';

/** As an index or a manifest names something else. */
export interface Descriptor {
  readonly digest?: string;
  readonly platform?: { readonly architecture?: string; readonly os?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageIndex {
  readonly manifests?: readonly Descriptor[];
}

/** Documents of a runtime or of an archive, by digest; null where there is none. */
export type ReadDocument = (digest: string) => Promise<unknown>;

/** ID of an image: the digest of its configuration for this host's platform; '' where there is none. https://github.com/opencontainers/image-spec */
export async function imageId(target: string, read: ReadDocument): Promise<string> {
  const document = (await read(target)) as ({ readonly config?: Descriptor } & ImageIndex) | null;
  if (document === null || document.config?.digest !== undefined) return document?.config?.digest ?? '';
  const own = document.manifests?.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture());
  return own?.digest === undefined ? '' : imageId(own.digest, read);
}

function architecture(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}
