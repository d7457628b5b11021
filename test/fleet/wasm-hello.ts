const WASI = 'wasi_snapshot_preview1';

/** A WASI module of some 180 bytes that prints one line and ends: assembled by hand, as no tool has to be there for it. */
export function wasmHello(line: string): Buffer {
  const text = Buffer.from(`${line}\n`);
  // At 0 an iovec: where the text lies and how long it is; at 8 the text itself.
  const iovec = Buffer.alloc(8);
  iovec.writeUInt32LE(8, 0);
  iovec.writeUInt32LE(text.length, 4);
  const i32 = 0x7f;
  const body = Buffer.from([0x00, /* fd 1, one iovec at 0, count of written bytes at 0 */ 0x41, 1, 0x41, 0, 0x41, 1, 0x41, 0, /* call 0 */ 0x10, 0, /* drop */ 0x1a, /* end */ 0x0b]);
  return Buffer.concat([
    Buffer.from('\0asm\x01\0\0\0', 'latin1'),
    section(1, vector([[0x60, 4, i32, i32, i32, i32, 1, i32], [0x60, 0, 0]])),
    section(2, vector([[...name(WASI), ...name('fd_write'), 0, 0]])),
    section(3, vector([[1]])),
    section(5, vector([[0, 1]])),
    section(7, vector([[...name('memory'), 2, 0], [...name('_start'), 0, 1]])),
    section(10, vector([[...length(body.length), ...body]])),
    section(11, vector([[0, 0x41, 0, 0x0b, ...length(8 + text.length), ...iovec, ...text]])),
  ]);
}

function section(id: number, content: readonly number[]): Buffer {
  return Buffer.from([id, ...length(content.length), ...content]);
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...length(items.length), ...items.flat()];
}

function name(text: string): readonly number[] {
  const bytes = Buffer.from(text);
  return [...length(bytes.length), ...bytes];
}

/** Unsigned LEB128. */
function length(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...length(value >>> 7)];
}
