import type { SnapshotPart } from '../../ports/etcd.ts';

const REMAINING_BYTES = 2;
const BLOB = 3;
const NOTHING = new Uint8Array();

/**
 * etcdserverpb.SnapshotResponse, of which two fields count. By hand and without a copy: of a gigabyte come 32,768 of these.
 * https://protobuf.dev/programming-guides/encoding/
 *
 * @throws RangeError where it is no message.
 */
export function readSnapshotPart(message: Buffer): SnapshotPart {
  let [at, remainingBytes, blob]: [number, number, Uint8Array] = [0, 0, NOTHING];
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at);
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError('a number in a snapshot has no end');
    }
  };
  const bytes = (length: number): Uint8Array => {
    const end = at + length;
    if (end > message.length) throw new RangeError(`a field of a snapshot ends ${end - message.length} bytes after its message`);
    const field = message.subarray(at, end);
    at = end;
    return field;
  };
  while (at < message.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) {
      const value = varint();
      if (field === REMAINING_BYTES) remainingBytes = value;
    } else if (type === 2) {
      const value = bytes(varint());
      if (field === BLOB) blob = value;
    } else if (type === 1 || type === 5) bytes(type === 1 ? 8 : 4);
    else throw new RangeError(`a snapshot holds a field of type ${type}, which protobuf has not`);
  }
  return { blob, remainingBytes };
}
