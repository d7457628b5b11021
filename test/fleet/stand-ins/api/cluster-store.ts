/** Where an API server keeps objects: keys as the real one has them in etcd (/registry/...), values as JSON. */
export interface ClusterStore {
  readonly get: (key: string) => Promise<Stored | null>;
  /** Everything whose key begins with the prefix, by key. */
  readonly list: (prefix: string) => Promise<readonly Stored[]>;
  /** Writes if the key still has this revision (0: does not exist); the new revision, or null where it has another one. */
  readonly put: (key: string, value: string, expected: number) => Promise<number | null>;
  /** false where there was none. */
  readonly remove: (key: string) => Promise<boolean>;
}

export interface Stored {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}
