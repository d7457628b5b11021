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
// The flags mirror the options in shared/wire/load-protos.ts: types and decoded messages must agree.
generate(['farrier/v1', 'runtime/v1'], 'Number');
// Ids of etcd's take all 64 bits, which no number of JavaScript's holds.
generate(['etcd/v3'], 'String');

function generate(folders: readonly string[], longs: 'Number' | 'String'): void {
  const files = folders.flatMap((folder) => readdirSync(new URL(`${folder}/`, import.meta.url)).map((name) => `${folder}/${name}`));
  const flags = [`--longs=${longs}`, '--enums=String', '--bytes=Buffer', '--defaults', '--oneofs', '--includeComments'];
  execFileSync(
    process.execPath,
    [generator, ...flags, '--grpcLib=@grpc/grpc-js', '--targetFileExtension=.d.ts', '--importFileExtension=.d.ts', `--includeDirs=${protoDir}`, `--outDir=${outDir}`, ...files],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}
