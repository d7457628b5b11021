import type { DatastoreProof } from '../ports/datastore-proof.ts';

/** Proves nothing, so that control planes are left alone: until etcd, SQLite and external datastores can be proved. */
export const noDatastoreProof: DatastoreProof = {
  newest: async () => null,
  prove: async (cluster) => ({ ok: false, code: 'no-prover', message: `this version of Farrier makes no snapshots, so nothing can prove that the datastore of ${cluster} can be brought back` }),
};
