// Writes the TypeScript types of proto/ to shared/wire/generated, so that they are never written by hand.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const protoDir = fileURLToPath(new URL('.', import.meta.url));
const outDir = fileURLToPath(new URL('../shared/wire/generated/', import.meta.url));
const generator = fileURLToPath(
  new URL('../node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js', import.meta.url),
);

rmSync(outDir, { recursive: true, force: true });
const files = ['farrier/v1', 'runtime/v1'].flatMap((folder) => readdirSync(new URL(`${folder}/`, import.meta.url)).map((name) => `${folder}/${name}`));
// The flags mirror LOADER_OPTIONS in shared/wire/load-protos.ts: types and decoded messages must agree.
const flags = ['--longs=Number', '--enums=String', '--bytes=Buffer', '--defaults', '--oneofs', '--includeComments'];
execFileSync(
  process.execPath,
  [generator, ...flags, '--grpcLib=@grpc/grpc-js', '--targetFileExtension=.d.ts', '--importFileExtension=.d.ts', `--includeDirs=${protoDir}`, `--outDir=${outDir}`, ...files],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
