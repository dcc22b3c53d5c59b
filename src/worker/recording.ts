/**
 * A recorded run: the events by which a training worker told the page about it, so that the page can show it again without a GPU.
 * The file is gzip over a header (its length as u32, little endian; JSON; spaces up to a multiple of eight bytes) and the bytes of all
 * typed arrays, which the JSON names by type, offset and length.
 */
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/run";
import type { Event } from "./protocol";

/** Rises when events change so that older recordings cannot be shown. */
export const RECORDING = 1;

/** What a list says of a recording before it is fetched. */
export interface RecordingFacts {
  /** Name of its file, without the ending. */
  name: string;
  title: string;
  /** What there is to see, in a sentence or two. */
  about: string;
  preset: string;
  /** The word that names its images in an address; absent where they are the usual ones. */
  data?: string;
}

export interface Recording extends RecordingFacts {
  version: number;
  settings: Settings;
  /** In the order in which they came; `adapter`, `loaded` and `started` first. */
  events: Event[];
}

const ARRAYS = { u8: Uint8Array, u32: Uint32Array, i32: Int32Array, f32: Float32Array, f64: Float64Array } as const;
type Kind = keyof typeof ARRAYS;
type Numbers = InstanceType<(typeof ARRAYS)[Kind]>;

const ALIGNED = 8;
const padded = (bytes: number) => Math.ceil(bytes / ALIGNED) * ALIGNED;

/** The file of a recording. Numbers of pictures are kept to three digits: more cannot be seen, and so they pack well. */
export async function writeRecording(recording: Recording): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const json = JSON.stringify(recording, (_, value) => {
    const kind = kindOf(value);
    if (!kind) return value;
    const array = coarse(value);
    const bytes = new Uint8Array(padded(array.byteLength));
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    parts.push(bytes);
    offset += bytes.length;
    return { $: kind, at: offset - bytes.length, length: array.length };
  });
  const header = new TextEncoder().encode(json);
  const head = new Uint8Array(padded(4 + header.length)).fill(0x20);
  new DataView(head.buffer).setUint32(0, header.length, true);
  head.set(header, 4);
  return through(new CompressionStream("gzip"), new Blob([head, ...(parts as BlobPart[])]));
}

/** Reads the file of a recording. Rejects with an EngineError where it is none, or one of another version. */
export async function readRecording(file: Blob): Promise<Recording> {
  const bytes = await through(new DecompressionStream("gzip"), file).catch(() => undefined);
  const recording = bytes && parsed(bytes);
  if (!recording?.events || !recording.settings)
    throw new EngineError("This is not a recorded run, or not the whole of it.", "Reload the page.");
  if (recording.version === RECORDING) return recording;
  throw new EngineError(`"${recording.title}" was recorded by another version of this page.`, "Reload the page, or train it live.");
}

function parsed(bytes: Uint8Array): Recording | undefined {
  try {
    const length = new DataView(bytes.buffer).getUint32(0, true);
    const start = padded(4 + length);
    return JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)), (_, value) => {
      if (!(value?.$ in ARRAYS)) return value;
      return new ARRAYS[value.$ as Kind](bytes.buffer as ArrayBuffer, start + value.at, value.length);
    });
  } catch {
    return undefined;
  }
}

const kindOf = (value: unknown): Kind | undefined => (Object.keys(ARRAYS) as Kind[]).find((kind) => value instanceof ARRAYS[kind]);

/** Numbers of which the last bits, twelve of 23, are zero. */
function coarse(array: Numbers): Numbers {
  if (!(array instanceof Float32Array)) return array;
  const bits = new Uint32Array(array.slice().buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] + 0x800) & 0xfffff000;
  return new Float32Array(bits.buffer);
}

async function through(stream: CompressionStream | DecompressionStream, blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await new Response(blob.stream().pipeThrough(stream)).arrayBuffer());
}
