/**
 * ONNX files, written: a graph of operators with its weights, in the wire format of Protocol Buffers. Only what a frozen network needs is
 * here, so there is no schema to load: a field is its number, its kind and its value.
 *
 * Source: https://github.com/onnx/onnx, onnx/onnx.proto (field numbers) and docs/Operators.md; https://protobuf.dev/programming-guides/encoding.
 */

/** Operators as of this version: the first with LayerNormalization, which every runtime of today knows. */
const OPSET = 17;
/** The version of the file format that belongs to it. */
const IR = 8;

const FLOAT = 1;
const INT64 = 7;

/** Sizes of a tensor; a word stands for one that is open, such as the batch. */
export type Extent = readonly (number | string)[];

/** What an operator is told besides its inputs: whole numbers, or lists of them, or a word; a number that is not whole says so as `{ f }`. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | { f: number }>>;

/** What goes into the graph or comes out: numbers, or where `whole` says so whole ones. */
export interface Value {
  name: string;
  shape: Extent;
  whole?: boolean;
}

/** Parts of a message, still to be joined: many are large. */
type Bytes = Uint8Array[];

export class OnnxGraph {
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [];
  private readonly known = new Set<string>();

  /** Weights, under their name; a name that is there already is not written twice. */
  weights(name: string, shape: readonly number[], data: Float32Array): string {
    return this.initializer(name, shape, FLOAT, data);
  }

  /** Whole numbers, such as a shape; a single one where `shape` is []. */
  whole(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const name = `whole${shape.length ? "" : "."}${values.join(",")}`;
    return this.initializer(name, shape, INT64, BigInt64Array.from(values, BigInt));
  }

  /** Numbers that are no weights. */
  number(value: number): string {
    return this.weights(`number${value}`, [], Float32Array.of(value));
  }

  private initializer(name: string, shape: readonly number[], type: number, data: ArrayBufferView): string {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (!this.known.has(name))
      this.initializers.push([...shape.flatMap((n) => count(1, n)), ...count(2, type), ...text(8, name), ...block(9, [raw])]);
    this.known.add(name);
    return name;
  }

  /** One operator with one output, whose name it returns. Absent inputs are optional ones of the operator. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}, output = `${op}${this.nodes.length}`): string {
    this.nodes.push(message(op, inputs, attributes, [output]));
    return output;
  }

  /** One with several outputs. */
  outputs(op: string, inputs: readonly string[], attributes: Attributes, count: number): string[] {
    const names = Array.from({ length: count }, (_, i) => `${op}${this.nodes.length}.${i}`);
    this.nodes.push(message(op, inputs, attributes, names));
    return names;
  }

  /** The file. `metadata` are words about the network, by name. */
  file(name: string, input: Value, outputs: readonly Value[], metadata: Readonly<Record<string, string>>): Uint8Array {
    const graph = [
      ...this.nodes.flatMap((node) => block(1, node)),
      ...text(2, name),
      ...this.initializers.flatMap((tensor) => block(5, tensor)),
      ...block(11, value(input)),
      ...outputs.flatMap((output) => block(12, value(output))),
    ];
    const words = Object.entries(metadata).flatMap(([key, word]) => block(14, [...text(1, key), ...text(2, word)]));
    return joined([...count(1, IR), ...text(2, PRODUCER), ...block(7, graph), ...block(8, [...text(1, ""), ...count(2, OPSET)]), ...words]);
  }
}

const PRODUCER = "masked-distillation-playground";

function message(op: string, inputs: readonly string[], attributes: Attributes, outputs: readonly string[]): Bytes {
  const told = Object.entries(attributes).flatMap(([name, value]) => block(5, attribute(name, value)));
  return [...inputs.flatMap((name) => text(1, name)), ...outputs.flatMap((name) => text(2, name)), ...text(4, op), ...told];
}

function attribute(name: string, value: Attributes[string]): Bytes {
  if (typeof value === "number") return [...text(1, name), ...count(3, value), ...count(20, 2)];
  if (typeof value === "string") return [...text(1, name), ...text(4, value), ...count(20, 3)];
  if ("f" in value) return [...text(1, name), key(2, 5), new Uint8Array(Float32Array.of(value.f).buffer), ...count(20, 1)];
  return [...text(1, name), ...value.flatMap((n) => count(8, n)), ...count(20, 7)];
}

/** Name and type of the graph's input or output. */
function value({ name, shape, whole = false }: Value): Bytes {
  const sizes = shape.flatMap((n) => block(1, typeof n === "number" ? count(1, n) : text(2, n)));
  return [...text(1, name), ...block(2, block(1, [...count(1, whole ? INT64 : FLOAT), ...block(2, sizes)]))];
}

const key = (field: number, kind: number) => varint((field << 3) | kind);
const count = (field: number, n: number): Bytes => [key(field, 0), varint(n)];
const text = (field: number, words: string): Bytes => block(field, [new TextEncoder().encode(words)]);

function block(field: number, parts: Bytes): Bytes {
  return [key(field, 2), varint(parts.reduce((sum, { length }) => sum + length, 0)), ...parts];
}

/** Seven bits a byte, the lowest first; a negative number as the 64 bits of its two's complement. */
function varint(n: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function joined(parts: Bytes): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
