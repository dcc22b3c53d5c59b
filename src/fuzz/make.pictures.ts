/** Small whole picture files of every format that is read. */
import { createCanvas } from "@napi-rs/canvas";
import { pngBytes } from "../data/png.fixture";
import { bmpOfPnm } from "../data/pnm";
import type { Draws } from "./draws";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

function canvas(width = 6, height = 4) {
  const made = createCanvas(width, height);
  const context = made.getContext("2d");
  context.fillStyle = "rgb(200, 100, 50)";
  context.fillRect(0, 0, width - 2, height);
  return made;
}

/** A JPEG with an Exif segment that says how it is to be turned. */
function turnedJpeg(orientation: number): Uint8Array {
  const plain = canvas().encodeSync("jpeg");
  const exif = `Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0${String.fromCharCode(orientation)}\0\0\0\0\0\0`;
  return joined(plain.subarray(0, 2), latin1(`\xff\xe1\0${String.fromCharCode(exif.length + 2)}`), latin1(exif), plain.subarray(2));
}

const PPM = joined(latin1("P6\n# six by four\n6 4\n255\n"), new Uint8Array(72).fill(90));
const GIF = latin1("GIF89a\x02\0\x02\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x02\0\x02\0\0\x02\x03\x84\x8f\x05\0;");

let made: [ending: string, bytes: Uint8Array][] | undefined;

function formats(): NonNullable<typeof made> {
  made ??= [
    ["png", canvas().encodeSync("png")],
    ["jpg", canvas().encodeSync("jpeg")],
    ["jpg", turnedJpeg(6)],
    ["webp", canvas().encodeSync("webp")],
    ["avif", canvas().encodeSync("avif")],
    ["gif", GIF],
    ["ppm", PPM],
    ["pgm", joined(latin1("P5 6 4 200\n"), new Uint8Array(24).fill(90))],
    ["bmp", bmpOfPnm(PPM)],
  ].map(([ending, bytes]) => [ending as string, Uint8Array.from(bytes as Uint8Array)]);
  return made;
}

/** A picture and the ending of its name. */
export const somePicture = (draws: Draws): [ending: string, bytes: Uint8Array] => draws.pick(formats());

/** A PNG of one colour, for data sets of many. */
export function plainPng(shade: number, width = 6, height = 4): Uint8Array {
  return pngBytes({ width, height, depth: 8, colour: 2, samples: new Uint8Array(3 * width * height).fill(shade) });
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const KINDS = [
  ...[1, 2, 4, 8, 16].map((depth) => [0, depth]),
  ...[8, 16].flatMap((depth) => [2, 4, 6].map((colour) => [colour, depth])),
  ...[1, 2, 4, 8].map((depth) => [3, depth]),
];

/** A PNG of any colour type and depth, with numbers from 0 to 1 or to the largest there is. */
export function somePng(draws: Draws, width = 6, height = 4): Uint8Array {
  const [colour, depth] = draws.pick(KINDS);
  const most = draws.chance(0.5) ? 2 : 2 ** depth;
  const samples = Array.from({ length: CHANNELS[colour] * width * height }, () => draws.below(Math.min(most, 2 ** depth)));
  const filters = draws.below(5);
  return pngBytes({
    ...{ width, height, depth, colour, samples, interlaced: draws.chance(0.3), filter: (row) => (row + filters) % 5 },
    ...(colour === 3 && { palette: Array.from({ length: 3 * 2 ** depth }, (_, i) => (53 * i) & 255) }),
  });
}
