// What an envelope carries. It is signed along, so that one kind of payload can never pass for another.
export const ASSIGNMENT_TYPE = 'application/vnd.farrier.assignment.v1+protobuf';
export const PERMIT_TYPE = 'application/vnd.farrier.permit.v1+protobuf';
export const TRUST_DOCUMENT_TYPE = 'application/vnd.farrier.trust-document.v1+protobuf';
export const SNAPSHOT_COMMAND_TYPE = 'application/vnd.farrier.snapshot-command.v1+protobuf';
/** Signed by a node with the key of its certificate. */
export const SNAPSHOT_PROOF_TYPE = 'application/vnd.farrier.snapshot-proof.v1+json';

export type PayloadType = typeof ASSIGNMENT_TYPE | typeof PERMIT_TYPE | typeof SNAPSHOT_COMMAND_TYPE | typeof TRUST_DOCUMENT_TYPE;
