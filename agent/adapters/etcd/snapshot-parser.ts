const REMAINING_BYTES = 2;
const BLOB = 3;
/** gRPC over HTTP/2: whether the message is compressed, and its length in four bytes. */
const FRAME_HEADER_BYTES = 5;

/** @param remainingBytes of the whole database, after these */
export type TakeBlob = (bytes: Uint8Array, remainingBytes: number) => void;

/**
 * Reads gRPC messages etcdserverpb.SnapshotResponse, of which two fields count, in whatever pieces they come, and copies none
 * of their bytes: of a gigabyte come 32,768 of them, and putting each together costs more than hashing it.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, https://protobuf.dev/programming-guides/encoding/
 *
 * @returns takes the next piece. @throws RangeError where it is no such stream.
 */
export function snapshotParser(takeBlob: TakeBlob): (piece: Uint8Array) => void {
  let reading: 'frame' | 'tag' | 'number' | 'length' | 'bytes' = 'frame';
  let [headerBytes, messageLeft] = [0, 0];
  let [value, scale] = [0, 1];
  let [field, fieldLeft] = [0, 0];
  let remainingBytes = 0;

  function begin(next: typeof reading): void {
    reading = next === 'tag' && messageLeft === 0 ? 'frame' : next;
    [value, scale, headerBytes] = [0, 1, 0];
  }

  function readHeader(byte: number): void {
    if (headerBytes === 0 && byte !== 0) throw new RangeError('a message of the snapshot is compressed, which was not asked for');
    messageLeft = messageLeft * 256 + byte;
    headerBytes += 1;
    if (headerBytes < FRAME_HEADER_BYTES) return;
    // A field that is 0 is not sent.
    remainingBytes = 0;
    begin('tag');
  }

  /** @returns true when it was the last byte of a varint. */
  function readVarint(byte: number): boolean {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (scale > 2 ** 70) throw new RangeError('a number in the snapshot has no end');
    return byte < 0x80;
  }

  function beginField(): void {
    field = Math.floor(value / 8);
    const type = value % 8;
    if (type === 0) begin('number');
    else if (type === 2) begin('length');
    else if (type === 1 || type === 5) beginBytes(type === 1 ? 8 : 4);
    else throw new RangeError(`the snapshot holds a field of type ${type}, which protobuf has not`);
  }

  function beginBytes(length: number): void {
    if (length > messageLeft) throw new RangeError(`a field of the snapshot ends ${length - messageLeft} bytes after its message`);
    fieldLeft = length;
    begin(length === 0 ? 'tag' : 'bytes');
  }

  function readByte(byte: number): void {
    if (reading === 'frame') return readHeader(byte);
    messageLeft -= 1;
    if (!readVarint(byte)) {
      if (messageLeft === 0) throw new RangeError('a message of the snapshot ends within a number');
      return;
    }
    if (reading === 'tag') return beginField();
    if (reading === 'length') return beginBytes(value);
    if (field === REMAINING_BYTES) remainingBytes = value;
    begin('tag');
  }

  return (piece) => {
    for (let at = 0; at < piece.length; ) {
      if (reading === 'bytes') {
        const bytes = piece.subarray(at, at + fieldLeft);
        at += bytes.length;
        fieldLeft -= bytes.length;
        messageLeft -= bytes.length;
        if (field === BLOB) takeBlob(bytes, remainingBytes + fieldLeft);
        if (fieldLeft === 0) begin('tag');
      } else {
        readByte(piece[at] ?? 0);
        at += 1;
      }
    }
  };
}
