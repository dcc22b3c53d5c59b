/**
 * Walks over values in Thrift's compact protocol, as Parquet's footers and page headers are written, before a library makes objects of
 * them: what announces more than there is ends here. Source: apache/thrift, doc/specs/thrift-compact-protocol.md.
 */

/** Numbers at most so many bytes long: 64 bits in groups of seven. */
const LONGEST_VARINT = 10;
/** Structs and lists within each other, at most: Parquet has half a dozen. */
const DEEPEST = 32;

/** Reads bytes from a place on. Throws an Error at their end. */
export class Cursor {
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    if (this.left < 1) throw new Error("it ends too early");
    return this.bytes[this.at++];
  }

  skip(count: number): void {
    if (!(count >= 0 && count <= this.left)) throw new Error(`a part says that it has ${count} bytes, where ${this.left} are left`);
    this.at += count;
  }

  /** A number of at most 64 bits; above 2^53 it is rounded. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < LONGEST_VARINT; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new Error("a number is longer than 64 bits");
  }
}

const [TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12];

/** Moves behind a struct. Throws an Error where it does not hold what it announces. */
export function skipStruct(cursor: Cursor, depth = 0): void {
  if (depth > DEEPEST) throw new Error(`its description is nested more than ${DEEPEST} deep`);
  for (;;) {
    const head = cursor.byte();
    const type = head & 15;
    if (type === 0) return;
    if (head >> 4 === 0) cursor.varint();
    if (type !== TRUE && type !== FALSE) skipValue(cursor, type, depth);
  }
}

function skipValue(cursor: Cursor, type: number, depth: number): void {
  if (type === BYTE || type === TRUE || type === FALSE) cursor.skip(1);
  else if (type === I16 || type === I32 || type === I64) cursor.varint();
  else if (type === DOUBLE) cursor.skip(8);
  else if (type === BINARY) cursor.skip(cursor.varint());
  else if (type === LIST) skipList(cursor, depth + 1);
  else if (type === STRUCT) skipStruct(cursor, depth + 1);
  else throw new Error(`its description has a value of the unknown type ${type}`);
}

function skipList(cursor: Cursor, depth: number): void {
  const head = cursor.byte();
  const count = head >> 4 === 15 ? cursor.varint() : head >> 4;
  // Every value takes a byte at least.
  if (count > cursor.left) throw new Error(`a list says that it has ${count} values, where ${cursor.left} bytes are left`);
  if (depth > DEEPEST) throw new Error(`its description is nested more than ${DEEPEST} deep`);
  for (let i = 0; i < count; i++) skipValue(cursor, head & 15, depth);
}
