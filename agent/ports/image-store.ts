import type { ProgramOptions } from './programs.ts';

export type StoreCall = Pick<ProgramOptions, 'signal' | 'output'>;

/**
 * A container runtime's images in its namespace of Kubernetes, by their names. A name points at one image and may be moved; a
 * second name for the same costs nothing. What changes something returns '' or what the program said.
 */
export interface ImageStore {
  /** @returns why it cannot be asked */
  list(call: StoreCall): Promise<readonly StoredImage[] | string>;
  /** A manifest or an index by its digest; null where it is not there. */
  document(digest: string, call: StoreCall): Promise<unknown>;
  /**
   * All that an archive names; a name that is there already is moved. Cut off, what it has brought stays under a lease of its
   * own, which containerd ends after a day.
   */
  importArchive(path: string, call: StoreCall): Promise<string>;
  /** One image of Docker's on this host, streamed. */
  importFromDocker(name: string, call: StoreCall & { readonly passed: (bytes: number) => void }): Promise<string>;
  /** Makes `name` another name of what `existing` points at, whatever it pointed at before. */
  point(name: string, existing: string, call: StoreCall): Promise<string>;
  /** Kept from garbage collection, or not any more. The kubelet listens to it with containerd from 1.7 on. */
  pin(name: string, pinned: boolean, call: StoreCall): Promise<string>;
  /** Content that no name points at is gone when it returns. A name that is not there is no error. */
  remove(names: readonly string[], call: StoreCall): Promise<string>;
  /** An image of Docker's on this host. @returns null where Docker has none of that name, and why where it does not answer */
  dockerImage(name: string, call: StoreCall): Promise<DockerImage | null | string>;
}

export interface StoredImage {
  readonly name: string;
  /** Digest of the manifest or index. */
  readonly target: string;
  readonly pinned: boolean;
  /** The part of the runtime that answers Kubernetes has taken note of it, and given it a name by its ID. */
  readonly managed: boolean;
}

export interface DockerImage {
  readonly id: string;
  readonly sizeBytes: number;
}
