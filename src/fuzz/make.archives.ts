/** Archives whose parts were changed before they were packed, so that check sums hold and what is odd lies deeper. */
import { gzipSync, zipSync } from "fflate";
import { crc32 } from "../data/crc";
import { tarEntry, tarOf } from "../data/files.fixture";
import type { Draws } from "./draws";
import { mutatedBytes } from "./mutate.bytes";
import { mutatedText } from "./mutate.text";
import { NUMBERS, TEXTS } from "./odd";

/** Letters of a name in a zip, at most: its 65,535 bytes hold so many whatever they are. */
const LONGEST = 20_000;

/** The same bytes at any time. */
const MADE = "2020-01-01T00:00:00Z";

/** A path of a few folders, now and then an odd one. */
export function somePath(draws: Draws): string {
  const path = `${draws.pick(["train/", "test/", "", "a/b/", "images/"])}${draws.pick(["cat", "dog"])}/${draws.below(100)}.png`;
  if (draws.chance(0.7)) return path;
  return draws.chance(0.2) ? mutatedText(path, draws).slice(0, 60_000) : `${draws.pick(TEXTS)}/${path}`;
}

const someContent = (draws: Draws) => new Uint8Array(draws.magnitude(2000)).fill(draws.below(256));

export function someZip(draws: Draws): Uint8Array {
  const paths = Array.from({ length: 1 + draws.below(4) }, () => somePath(draws));
  const level = draws.pick([0, 6]) as 0 | 6;
  const zip = zipSync(Object.fromEntries(paths.map((path) => [path.slice(0, LONGEST), someContent(draws)])), { level, mtime: MADE });
  return draws.chance(0.5) ? announced(zip, draws) : zip;
}

/** Numbers of a zip's list that announce something else than there is. */
function announced(zip: Uint8Array, draws: Draws): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const records = [...zip.keys()].filter((at) => at + 46 < zip.length && [0x02014b50, 0x04034b50].includes(view.getUint32(at, true)));
  for (let i = 1 + draws.below(3); i > 0; i--) {
    const at = draws.pick(records) + draws.pick([8, 10, 14, 16, 18, 20, 22, 24, 28, 30, 32, 42]);
    const value = draws.pick([0, 1, 8, 9, 0xffff, 0x7fffffff, 0xffffffff, 1e9, zip.length]);
    if (draws.chance(0.5)) view.setUint16(at, value, true);
    else if (at + 4 <= zip.length) view.setUint32(at, value, true);
  }
  return zip;
}

export function someTar(draws: Draws): Uint8Array {
  const entries = Array.from({ length: 1 + draws.below(4) }, () => {
    const odd = draws.chance(0.4);
    const type = odd ? draws.pick(["x", "g", "L", "K", "5", "2", "\0", "7", "S", "z"]) : "0";
    const content = type === "x" ? somePax(draws) : someContent(draws);
    const size = odd && draws.chance(0.5) ? draws.pick(SIZES) : "";
    const prefix = draws.chance(0.2) ? draws.pick(TEXTS).slice(0, 50) : "";
    return tarEntry(clipped(somePath(draws), 100), content, { type, size, prefix });
  });
  return draws.chance(0.3) ? gzipSync(tarOf(...entries), { mtime: MADE }) : tarOf(...entries);
}

/** As long as a field of a tar's header has room for it, in UTF-8. */
const clipped = (text: string, bytes: number) => new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes - 3));

const SIZES = [
  "-0000001000",
  "77777777777",
  "\x80zzzzzzzzzzz",
  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
  "00000000000",
  "9",
  " 12 ",
];

function somePax(draws: Draws): Uint8Array {
  const line = (text: string) => `${draws.chance(0.8) ? new TextEncoder().encode(text).length + 4 : draws.pick(NUMBERS)} ${text}\n`;
  const lines = [`path=${somePath(draws).slice(0, 80)}`, `size=${draws.pick(NUMBERS)}`, `mtime=${draws.pick(NUMBERS)}`, draws.pick(TEXTS)];
  return new TextEncoder().encode(lines.slice(draws.below(3)).map(line).join(""));
}

/** The bytes gzipped: whole, or damaged behind the packing. */
export function gzipped(bytes: Uint8Array, draws: Draws): Uint8Array {
  const packed = gzipSync(bytes, { mtime: MADE });
  return draws.chance(0.5) ? packed : mutatedBytes(packed, draws);
}

/** A PNG with one chunk changed and its check sum right. */
export function withChangedChunk(png: Uint8Array, draws: Draws): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: number[] = [];
  for (let at = 8; at + 12 <= png.length; at += 12 + view.getUint32(at)) chunks.push(at);
  const at = draws.pick(chunks);
  const end = at + 8 + view.getUint32(at);
  const content = mutatedBytes(png.subarray(at + 4, end), draws);
  const body = content.length < 4 ? png.slice(at + 4, end) : content;
  const chunk = new Uint8Array(body.length + 8);
  new DataView(chunk.buffer).setUint32(0, body.length - 4);
  chunk.set(body, 4);
  new DataView(chunk.buffer).setUint32(4 + body.length, crc32(body));
  return Uint8Array.from([...png.subarray(0, at), ...chunk, ...png.subarray(end + 4)]);
}
