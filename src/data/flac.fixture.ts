/** FLAC files made up for tests: one channel of 16 bits, its samples written as they are. */

const BLOCK = 4096;

/** A file of these samples, -1..1, at 16 kHz. */
export function flacBytes(samples: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bits = new Bits();
  bits.put(0x664c6143, 32); // "fLaC"
  bits.put(0x80, 8).put(34, 24); // the last block of metadata: what the stream is
  bits.put(BLOCK, 16).put(BLOCK, 16).put(0, 24).put(0, 24);
  bits.put(16_000, 20).put(0, 3).put(15, 5).put(0, 4).put(samples.length, 32);
  for (let i = 0; i < 16; i++) bits.put(0, 8);
  for (let from = 0, frame = 0; from < samples.length; from += BLOCK, frame++) {
    const size = Math.min(BLOCK, samples.length - from);
    const head = new Bits();
    // Its size in 16 bits, 16 kHz, one channel, 16 bits a sample.
    head
      .put(0xfff8, 16)
      .put(0x75, 8)
      .put(0x08, 8)
      .put(frame, 8)
      .put(size - 1, 16);
    head.put(crc(head.bytes, 0x07, 8), 8);
    head.put(0x02, 8); // samples as they are
    for (let i = 0; i < size; i++) head.put(Math.round(samples[from + i] * 32_767) & 0xffff, 16);
    head.put(crc(head.bytes, 0x8005, 16), 16);
    bits.bytes.push(...head.bytes);
  }
  return Uint8Array.from(bits.bytes);
}

/** Whole bytes, the highest first; numbers that end within one wait for the next. */
class Bits {
  readonly bytes: number[] = [];
  private held = "";

  put(value: number, width: number): this {
    this.held += value.toString(2).padStart(width, "0");
    for (; this.held.length >= 8; this.held = this.held.slice(8)) this.bytes.push(Number.parseInt(this.held.slice(0, 8), 2));
    return this;
  }
}

function crc(bytes: readonly number[], polynomial: number, width: number): number {
  let sum = 0;
  const [top, all] = [2 ** (width - 1), 2 ** width - 1];
  for (const byte of bytes) {
    sum ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) sum = sum & top ? ((sum << 1) ^ polynomial) & all : (sum << 1) & all;
  }
  return sum;
}
