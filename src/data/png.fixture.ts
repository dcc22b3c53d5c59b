/** PNG files made by hand, with any colour type, depth, filter and interlacing. */
import { zlibSync } from "fflate";

export interface PngOptions {
  width: number;
  height: number;
  depth: number;
  colour: number;
  /** [height, width, channels]. */
  samples: ArrayLike<number>;
  /** r, g, b of each index. */
  palette?: number[];
  /** Filter of each row; 0 by default. */
  filter?: (row: number) => number;
  interlaced?: boolean;
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const ADAM7 = ["00080008", "04080008", "00040408", "02040004", "00020204", "01020002", "00010102"].map((digits) =>
  [1, 3, 5, 7].map((i) => Number(digits[i])),
);

export function pngBytes(options: PngOptions): Uint8Array {
  const { width, height, depth, colour, palette, interlaced = false } = options;
  const passes = interlaced ? ADAM7 : [[0, 1, 0, 1]];
  const rows = passes.flatMap((pass) => rowsOf(options, pass));
  const head = [...big(width), ...big(height), depth, colour, 0, 0, Number(interlaced)];
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    ...chunk("IHDR", head),
    ...(palette ? chunk("PLTE", palette) : []),
    ...chunk("IDAT", [...zlibSync(Uint8Array.from(rows))]),
    ...chunk("IEND", []),
  ]);
}

const big = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

export function chunk(type: string, data: number[]): number[] {
  const body = [...[...type].map((c) => c.charCodeAt(0)), ...data];
  return [...big(data.length), ...body, ...big(crc32(body))];
}

function crc32(bytes: number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The filtered rows of every dx-th pixel from x on of every dy-th row from y on. */
function rowsOf({ width, height, depth, colour, samples, filter = () => 0 }: PngOptions, [x0, dx, y0, dy]: number[]): number[] {
  const channels = CHANNELS[colour];
  const back = Math.max(1, (channels * depth) / 8);
  let above: number[] = [];
  const out: number[] = [];
  for (let y = y0, n = 0; y < height && x0 < width; y += dy, n++) {
    const values: number[] = [];
    for (let x = x0; x < width; x += dx) for (let c = 0; c < channels; c++) values.push(samples[(y * width + x) * channels + c]);
    const row = packed(values, depth);
    const kind = filter(n);
    out.push(kind, ...row.map((v, i) => (v - guess(kind, row[i - back] ?? 0, above[i] ?? 0, above[i - back] ?? 0)) & 255));
    above = row;
  }
  return out;
}

function packed(values: number[], depth: number): number[] {
  if (depth === 16) return values.flatMap((v) => [v >> 8, v & 255]);
  const each = 8 / depth;
  return Array.from({ length: Math.ceil(values.length / each) }, (_, i) =>
    Array.from({ length: each }, (_, k) => (values[i * each + k] ?? 0) << (8 - depth * (k + 1))).reduce((a, b) => a | b),
  );
}

function guess(filter: number, left: number, above: number, corner: number): number {
  const plane = left + above - corner;
  const nearest = [left, above, corner].reduce((best, v) => (Math.abs(plane - v) < Math.abs(plane - best) ? v : best));
  return [0, left, above, Math.floor((left + above) / 2), nearest][filter];
}
