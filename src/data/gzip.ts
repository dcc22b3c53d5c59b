/** Unpacking gzip with the platform's own stream, which browsers and Node share. */
import { DataError } from "./dataset";

/** Most bytes that any one file may hold, packed or unpacked: what a browser tab can keep. */
export const MAX_BYTES = 2 ** 30;

/** Deflate, which gzip, zip and PNG share, makes at most so many bytes of one (zlib's technical details, "Maximum Compression Factor"). */
export const MAX_RATIO = 1032;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The unpacked bytes; stops, and says so, as soon as they exceed `MAX_BYTES`. */
export async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const unpacked = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = unpacked.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new DataError(
        `${name} is a damaged or incomplete gzip file.`,
        "Download it again, or unpack it first and choose what comes out.",
      );
    });
    if (done) return joined(chunks, length);
    chunks.push(value);
    length += value.length;
    if (length > MAX_BYTES) {
      await reader.cancel();
      throw new DataError(`${name} unpacks to more than 1 GB.`, "Choose a smaller part of the data.");
    }
  }
}

function joined(chunks: Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
