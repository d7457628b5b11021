import { expect, test } from 'vitest';

import { wasmHello } from '../../fleet/wasm-hello.ts';

interface Assembly {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ readonly instance: { readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly _start: () => void } } }>;
}

/** Node has it, and no types for it. */
const { WebAssembly: assembly } = globalThis as unknown as { readonly WebAssembly: Assembly };

test('the module that containers run is one, and prints its line to standard output', async () => {
  const bytes = wasmHello('hello from wasm');
  expect(bytes.length).toBeLessThan(200);
  let memory = new ArrayBuffer(0);
  const printed: string[] = [];
  const fdWrite = (fd: number, iovec: number, count: number): number => {
    const view = new DataView(memory);
    for (let at = iovec; at < iovec + 8 * count; at += 8) printed.push(`${fd} ${Buffer.from(memory, view.getUint32(at, true), view.getUint32(at + 4, true)).toString()}`);
    return 0;
  };
  const { instance } = await assembly.instantiate(new Uint8Array(bytes), { wasi_snapshot_preview1: { fd_write: fdWrite } });
  memory = instance.exports.memory.buffer;
  instance.exports._start();
  expect(printed).toEqual(['1 hello from wasm\n']);
});
