import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { ProtoGrpcType as ArtifactsProto } from './generated/artifacts.d.ts';
import type { ProtoGrpcType as AssignmentProto } from './generated/assignment.d.ts';
import type { ProtoGrpcType as EnrollmentProto } from './generated/enrollment.d.ts';
import type { ProtoGrpcType as FleetProto } from './generated/fleet.d.ts';
import type { ProtoGrpcType as LinkProto } from './generated/link.d.ts';
import type { ProtoGrpcType as SnapshotsProto } from './generated/snapshots.d.ts';
import type { ProtoGrpcType as StepsProto } from './generated/steps.d.ts';
import { loadProtos } from './load-protos.ts';

const FILES = ['link', 'enrollment', 'artifacts', 'assignment', 'steps', 'snapshots', 'fleet'].map((name) => `farrier/v1/${name}.proto`);

type Farrier = LinkProto['farrier']['v1'] &
  EnrollmentProto['farrier']['v1'] &
  ArtifactsProto['farrier']['v1'] &
  AssignmentProto['farrier']['v1'] &
  StepsProto['farrier']['v1'] &
  SnapshotsProto['farrier']['v1'] &
  FleetProto['farrier']['v1'];

/** Everything of package farrier.v1: service clients, service definitions, message codecs. */
export const farrier: Farrier = load();

/** The bytes of a message, as the wire and the signatures carry it. */
export function encode<In extends object, Out extends object>(type: MessageTypeDefinition<In, Out>, message: In): Buffer {
  return type.serialize(message);
}

/** @throws where the bytes are no such message. Unknown fields are skipped, so that an older reader lives on. */
export function decode<In extends object, Out extends object>(type: MessageTypeDefinition<In, Out>, bytes: Uint8Array): Out {
  return type.deserialize(Buffer.from(bytes));
}

function load(): Farrier {
  return (loadProtos(FILES) as unknown as LinkProto & { farrier: { v1: Farrier } }).farrier.v1;
}
