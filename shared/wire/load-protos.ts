import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Mirrored by the flags in proto/generate.ts: types and decoded messages must agree. */
const LOADER_OPTIONS = { enums: String, defaults: true, oneofs: true } as const;

/**
 * Packages of proto/ by their names; the generated types say what is in them.
 *
 * @param longs what 64-bit numbers become: String where they are ids that use every bit
 */
export function loadProtos(files: readonly string[], longs: NumberConstructor | StringConstructor = Number): GrpcObject {
  return loadPackageDefinition(loadSync([...files], { ...LOADER_OPTIONS, longs, includeDirs: [protoFolder()] }));
}

/** Beside the program in a package, at the root of the repository while developing. */
function protoFolder(): string {
  const candidates = ['./proto', '../../proto'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(`${path}/farrier/v1/link.proto`));
  if (found === undefined) throw new Error(`no proto folder beside the program: looked in ${candidates.join(', ')}`);
  return found;
}
