/**
 * Changes to bytes that know nothing of their format. The kinds are those of AFL and libFuzzer: bits flipped, numbers replaced by the ends
 * of their ranges, parts cut, repeated, moved.
 */
import type { Draws } from "./draws";
import { LONG_WORDS, WORDS } from "./odd";

/** No input grows beyond this: what is slow or large shows at this size. */
const MOST_BYTES = 2 ** 18;

type Change = (bytes: Uint8Array, draws: Draws) => Uint8Array;

/** A copy with one to four changes; of nothing, something. */
export function mutatedBytes(bytes: Uint8Array, draws: Draws): Uint8Array {
  const changes = 1 + draws.below(4);
  let changed: Uint8Array = bytes.slice();
  for (let i = 0; i < changes; i++) changed = changed.length > 0 ? draws.pick(CHANGES)(changed, draws) : draws.bytes(draws.magnitude(64));
  return changed.subarray(0, MOST_BYTES);
}

const CHANGES: readonly Change[] = [flip, flip, set, word, word, cut, drop, repeat, insert, swap, fill];

/** A part of the bytes: where it begins and how long it is, mostly short. */
function part(bytes: Uint8Array, draws: Draws): [at: number, length: number] {
  const at = draws.below(bytes.length);
  return [at, Math.min(bytes.length - at, draws.magnitude(bytes.length + 1))];
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of parts) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}

function flip(bytes: Uint8Array, draws: Draws): Uint8Array {
  bytes[draws.below(bytes.length)] ^= 1 << draws.below(8);
  return bytes;
}

function set(bytes: Uint8Array, draws: Draws): Uint8Array {
  bytes[draws.below(bytes.length)] = draws.below(256);
  return bytes;
}

/** An odd number of 1, 2, 4 or 8 bytes, either end first. */
function word(bytes: Uint8Array, draws: Draws): Uint8Array {
  const size = draws.pick([1, 2, 4, 4, 8]);
  if (bytes.length < size) return bytes;
  const number = draws.pick(size === 8 ? LONG_WORDS : WORDS);
  const [at, little] = [draws.below(bytes.length - size + 1), draws.chance(0.5)];
  for (let i = 0; i < size; i++) bytes[at + (little ? i : size - 1 - i)] = Number((number >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

function cut(bytes: Uint8Array, draws: Draws): Uint8Array {
  const at = draws.below(bytes.length);
  return draws.chance(0.8) ? bytes.slice(0, at) : bytes.slice(at);
}

function drop(bytes: Uint8Array, draws: Draws): Uint8Array {
  const [at, length] = part(bytes, draws);
  return joined(bytes.subarray(0, at), bytes.subarray(at + length));
}

function repeat(bytes: Uint8Array, draws: Draws): Uint8Array {
  const [at, length] = part(bytes, draws);
  const times = Math.min(draws.magnitude(4096), Math.ceil(MOST_BYTES / length));
  const copies = Array.from({ length: times }, () => bytes.subarray(at, at + length));
  return joined(bytes.subarray(0, at), ...copies, bytes.subarray(at));
}

function insert(bytes: Uint8Array, draws: Draws): Uint8Array {
  const at = draws.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), draws.bytes(draws.magnitude(256)), bytes.subarray(at));
}

function swap(bytes: Uint8Array, draws: Draws): Uint8Array {
  const [from, length] = part(bytes, draws);
  const to = draws.below(bytes.length - length + 1);
  const [a, b] = [bytes.slice(from, from + length), bytes.slice(to, to + length)];
  bytes.set(b, from);
  bytes.set(a, to);
  return bytes;
}

function fill(bytes: Uint8Array, draws: Draws): Uint8Array {
  const [at, length] = part(bytes, draws);
  return bytes.fill(draws.pick([0, 0x20, 0x30, 0xff]), at, at + length);
}
