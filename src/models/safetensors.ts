/**
 * The safetensors file format, in and out.
 *
 * A file is: 8 bytes little-endian header length n; n bytes of JSON `{ name: { dtype, shape, data_offsets } }` with an
 * optional `__metadata__` map of strings; then one byte buffer that the tensors cover exactly, without holes or overlap.
 * A file that breaks any of these rules is refused as a whole: half a checkpoint is worse than none.
 *
 * Source: https://github.com/huggingface/safetensors (README, "Format"). Data is little-endian, as is every host of WebGPU.
 */
import { EngineError, shown } from "../engine/errors";

/** A file that is not valid safetensors, or tensors that cannot be written as such. */
export class SafetensorsError extends EngineError {
  override name = "SafetensorsError";
}

export type TensorData =
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** One tensor of a file: `dtype` as stored (e.g. "BF16"), row-major `data` of prod(shape) elements, never a view of the file. */
export interface TensorFile {
  dtype: string;
  shape: number[];
  data: TensorData;
}

/** What `writeSafetensors` takes: `data` of prod(shape) elements, stored as F32, I32 or U8. */
export interface Writable {
  shape: number[];
  data: Float32Array | Int32Array | Uint8Array;
}

interface DType {
  bytes: number;
  read(raw: ArrayBuffer): TensorData;
}

interface Entry {
  name: string;
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

interface Header {
  entries: Entry[];
  metadata: Record<string, string>;
  /** Byte position of the data buffer in the file. */
  start: number;
}

const METADATA = "__metadata__";
/** A longer header, or one of more tensors, is an attack or not this format: it would keep a reader busy for seconds. */
const MAX_HEADER = 16_000_000;
const MOST_TENSORS = 20_000;
const RE_EXPORT = "Download the file again, or export it again with the safetensors library.";
const NOT_THIS_FORMAT = "Choose a .safetensors file; a .pt, .bin or .h5 checkpoint has to be converted first.";

const DTYPES: Record<string, DType> = {
  F64: { bytes: 8, read: (raw) => Float32Array.from(new Float64Array(raw)) },
  F32: { bytes: 4, read: (raw) => new Float32Array(raw) },
  F16: { bytes: 2, read: (raw) => Float32Array.from(new Uint16Array(raw), halfToNumber) },
  BF16: { bytes: 2, read: readBfloat16 },
  I64: { bytes: 8, read: (raw) => new BigInt64Array(raw) },
  U64: { bytes: 8, read: (raw) => new BigUint64Array(raw) },
  I32: { bytes: 4, read: (raw) => new Int32Array(raw) },
  U32: { bytes: 4, read: (raw) => new Uint32Array(raw) },
  I16: { bytes: 2, read: (raw) => new Int16Array(raw) },
  U16: { bytes: 2, read: (raw) => new Uint16Array(raw) },
  I8: { bytes: 1, read: (raw) => new Int8Array(raw) },
  U8: { bytes: 1, read: (raw) => new Uint8Array(raw) },
  BOOL: { bytes: 1, read: (raw) => new Uint8Array(raw) },
};

/**
 * All tensors of a safetensors file, in the order of the header. F64, F32, F16 and BF16 arrive as Float32Array, 64-bit
 * integers as BigInt arrays, BOOL as Uint8Array. `name` is the file's name, for messages only.
 * Throws SafetensorsError naming the file, the tensor, what is wrong and what to do.
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer, name = "safetensors file"): Map<string, TensorFile> {
  const file = asBytes(bytes);
  const { entries, start } = readHeader(file, name);
  return new Map(
    entries.map(({ name: tensor, dtype, shape, begin, end }) => {
      const raw = file.slice(start + begin, start + end).buffer;
      return [tensor, { dtype, shape, data: DTYPES[dtype].read(raw) }];
    }),
  );
}

/** The free-form `__metadata__` strings of a safetensors file ({} when it has none). Throws as `readSafetensors` does. */
export function readSafetensorsMetadata(bytes: Uint8Array | ArrayBuffer, name = "safetensors file"): Record<string, string> {
  return readHeader(asBytes(bytes), name).metadata;
}

/**
 * A safetensors file as bytes. Same tensors and metadata, same bytes: 4-byte types come first, then U8, each sorted by
 * name, so every tensor is aligned without holes; the header is padded with spaces until the data starts at a multiple of 8.
 * Throws SafetensorsError for a reserved name, a bad shape or a shape that does not fit its data.
 */
export function writeSafetensors(tensors: ReadonlyMap<string, Writable>, metadata: Record<string, string> = {}): Uint8Array {
  const sorted = [...tensors].sort(([a, x], [b, y]) => y.data.BYTES_PER_ELEMENT - x.data.BYTES_PER_ELEMENT || (a < b ? -1 : 1));
  const header = headerWith(metadata);
  let end = 0;
  for (const [name, { shape, data }] of sorted) {
    checkWritable(name, shape, data.length);
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  return assemble(
    json,
    sorted.map(([, { data }]) => data),
    end,
  );
}

/** The file with other metadata. Its tensors are those of `bytes`, which stays as it is. Throws as `readSafetensors` does. */
export function withMetadata(bytes: Uint8Array, metadata: Record<string, string>, name = "safetensors file"): Uint8Array {
  const { entries, start } = readHeader(bytes, name);
  const header = headerWith(metadata);
  for (const { name: tensor, dtype, shape, begin, end } of entries) header[tensor] = { dtype, shape, data_offsets: [begin, end] };
  return assemble(new TextEncoder().encode(JSON.stringify(header)), [bytes.subarray(start)], bytes.length - start);
}

/** A header without tensors. Without a prototype, "__proto__" is a name like any other. */
function headerWith(metadata: Record<string, string>): Record<string, unknown> {
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length) header[METADATA] = Object.fromEntries(Object.entries(metadata).sort());
  return header;
}

function assemble(json: Uint8Array, parts: Writable["data"][], dataBytes: number): Uint8Array {
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + dataBytes).fill(0x20, 8, 8 + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const data of parts) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function checkWritable(name: string, shape: number[], length: number): void {
  if (name === METADATA) throw new SafetensorsError(`A tensor cannot be called "${METADATA}".`, "Give it another name.");
  const bad = shape.find((d) => !Number.isSafeInteger(d) || d < 0);
  if (bad === undefined && elements(shape) === length) return;
  const what = bad === undefined ? `does not fit its ${length} values` : `holds ${bad}, which is not a whole number`;
  throw new SafetensorsError(`Tensor "${name}": shape [${shape}] ${what}.`, "Correct the shape before writing.");
}

function dtypeOf(data: Writable["data"]): string {
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}

function readHeader(file: Uint8Array, name: string): Header {
  const length = headerLength(file, name);
  const text = headerText(file.subarray(8, 8 + length), name);
  const json = parseHeader(text, name);
  const count = Object.keys(json).length;
  if (count > MOST_TENSORS) throw new SafetensorsError(`${name}: claims ${count} tensors; the limit is ${MOST_TENSORS}.`, NOT_THIS_FORMAT);
  refuseDuplicateKeys(text, name);
  const start = 8 + length;
  const entries = Object.entries(json)
    .filter(([key]) => key !== METADATA)
    .map(([key, value]) => readEntry(key, value, name));
  checkCover(entries, file.length - start, name);
  return { entries, metadata: readMetadata(json[METADATA], name), start };
}

function headerLength(file: Uint8Array, name: string): number {
  if (file.length < 8) {
    throw new SafetensorsError(`${name}: only ${file.length} bytes, but the header length alone takes 8.`, RE_EXPORT);
  }
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER)) {
    throw new SafetensorsError(`${name}: claims a header of ${length} bytes; the limit is ${MAX_HEADER}.`, NOT_THIS_FORMAT);
  }
  if (length > BigInt(file.length - 8)) {
    const left = file.length - 8;
    throw new SafetensorsError(`${name}: claims a header of ${length} bytes, but only ${left} follow: truncated.`, RE_EXPORT);
  }
  return Number(length);
}

function headerText(header: Uint8Array, name: string): string {
  try {
    // ignoreBOM keeps a byte order mark in the text, where JSON.parse rejects it: the format demands "{" first.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    throw new SafetensorsError(`${name}: the header is not UTF-8 text.`, NOT_THIS_FORMAT);
  }
}

function parseHeader(text: string, name: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = text.startsWith("{") ? JSON.parse(text) : undefined;
  } catch (error) {
    throw new SafetensorsError(`${name}: the header is not valid JSON (${(error as Error).message}).`, RE_EXPORT);
  }
  if (json === undefined) throw new SafetensorsError(`${name}: the header is not a JSON object.`, NOT_THIS_FORMAT);
  return json as Record<string, unknown>;
}

/** JSON.parse silently keeps the last of two equal keys. In valid JSON a string followed by ":" is always a key. */
function refuseDuplicateKeys(text: string, name: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(new Set());
    else if (text[at] === "}") open.pop();
    else if (text[at] === '"') {
      const end = closing(text, at);
      if (firstAfter(text, end) === ":") addKey(open.at(-1) as Set<string>, JSON.parse(text.slice(at, end + 1)), name);
      at = end;
    }
  }
}

/** The first character after `at` that is no space. */
function firstAfter(text: string, at: number): string | undefined {
  let next = at + 1;
  while (/\s/.test(text[next] ?? "x")) next++;
  return text[next];
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Where the string that begins at `from` ends. A loop: a regular expression runs out of stack over a hundred thousand escapes. */
function closing(text: string, from: number): number {
  let at = from + 1;
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) at += code === BACKSLASH ? 2 : 1;
  return at;
}

function addKey(keys: Set<string>, key: string, name: string): void {
  if (keys.has(key)) throw new SafetensorsError(`${name}: the header has "${key}" twice, so its value is unclear.`, RE_EXPORT);
  keys.add(key);
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  if (value === undefined) return {};
  if (isObject(value) && Object.values(value).every((v) => typeof v === "string")) return value as Record<string, string>;
  throw new SafetensorsError(`${name}: "${METADATA}" is not a map of strings.`, RE_EXPORT);
}

function readEntry(tensor: string, value: unknown, name: string): Entry {
  const refuse = (what: string, remedy = RE_EXPORT): never => {
    throw new SafetensorsError(`${name}: tensor "${tensor}" ${what}.`, remedy);
  };
  if (!isObject(value)) return refuse("has no description in the header");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPES, dtype)) {
    return refuse(`has the unknown type ${shown(dtype)}`, `Save it as one of ${Object.keys(DTYPES).join(", ")}.`);
  }
  if (!isCounts(shape)) return refuse(`has the shape ${shown(shape)}, which is not a list of whole numbers from 0`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return refuse(`has the offsets ${shown(offsets)}, which are not [begin, end] with begin <= end`);
  }
  const [begin, end] = offsets;
  const needed = elements(shape) * DTYPES[dtype].bytes;
  if (end - begin !== needed) refuse(`takes ${end - begin} bytes, but ${dtype} [${shape}] needs ${needed}`);
  return { name: tensor, dtype, shape, begin, end };
}

/** The tensors must tile the data buffer: each begins where the one before it ends, and the last ends with the file. */
function checkCover(entries: Entry[], dataBytes: number, name: string): void {
  let covered = 0;
  for (const { name: tensor, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const where = `${name}: tensor "${tensor}" (bytes ${begin} to ${end})`;
    if (end > dataBytes) throw new SafetensorsError(`${where} ends after the data (${dataBytes} bytes): truncated.`, RE_EXPORT);
    if (begin < covered) throw new SafetensorsError(`${where} overlaps the tensor before it, which ends at ${covered}.`, RE_EXPORT);
    if (begin > covered) throw new SafetensorsError(`${where} leaves a hole: bytes ${covered} to ${begin} belong to no tensor.`, RE_EXPORT);
    covered = end;
  }
  if (covered < dataBytes) throw new SafetensorsError(`${name}: the last ${dataBytes - covered} bytes belong to no tensor.`, RE_EXPORT);
}

function asBytes(bytes: Uint8Array | ArrayBuffer): Uint8Array {
  return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
}

function elements(shape: number[]): number {
  return shape.reduce((product, d) => product * d, 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}

/** IEEE 754 binary16 to a number: 1 sign bit, 5 exponent bits (bias 15), 10 mantissa bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a binary32. */
function readBfloat16(raw: ArrayBuffer): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(raw), (bits) => bits << 16).buffer);
}
