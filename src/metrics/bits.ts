/** Rows of answers, right or wrong, as text: eight to a byte, in base64. */
import { EngineError } from "../engine/errors";

/** The bits, the first in the lowest place of the first byte. */
export function packBits(bits: ArrayLike<number>): string {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++) if (bits[i]) bytes[i >> 3] |= 1 << (i & 7);
  return btoa(String.fromCharCode(...bytes));
}

/** Whether a text holds as many bits as `packBits` writes for `count`. */
export const areBits = (text: string, count: number): boolean => bytesOf(text)?.length === Math.ceil(count / 8);

/** The first `count` bits that `packBits` wrote, one to a byte. Throws an EngineError where there are not so many. */
export function unpackBits(text: string, count: number): Uint8Array {
  const bytes = bytesOf(text);
  if (bytes?.length !== Math.ceil(count / 8))
    throw new EngineError(
      `${8 * (bytes?.length ?? 0)} bits are not the answers to ${count} images.`,
      "Compare runs on the same held-out images.",
    );
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3] >> (i & 7)) & 1);
}

/** Undefined for what is no base64. */
function bytesOf(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}
