/** Text files in the encodings that people's programs write. */
import { DataError } from "./dataset";

const MARKS: [mark: number[], encoding: string][] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

/** Most letters before the end of an XML declaration. */
const DECLARATION = 200;

/**
 * The text of a file: as its byte order mark says, else as its XML declaration says, else UTF-8, or Windows-1252 where it
 * is not valid UTF-8. Throws a DataError for an unknown declared encoding.
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  const encoding = marked(bytes) ?? declared(bytes);
  try {
    return encoding ? new TextDecoder(encoding).decode(bytes) : unmarked(bytes);
  } catch {
    throw new DataError(`${path} says that it is written in ${encoding}, which is no known encoding.`, "Save it again as UTF-8.");
  }
}

function marked(bytes: Uint8Array): string | undefined {
  const known = MARKS.find(([mark]) => mark.every((byte, i) => bytes[i] === byte));
  if (known) return known[1];
  // UTF-16 without a mark: text begins with a letter of one byte, which leaves the other byte 0.
  if (bytes.length < 2 || (bytes[0] === 0) === (bytes[1] === 0)) return undefined;
  return bytes[0] === 0 ? "utf-16be" : "utf-16le";
}

function declared(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, DECLARATION));
  const [, encoding] = /^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([^"']*)["']/.exec(start) ?? [];
  // Where it can be read byte for byte it is neither UTF-16, whatever it says; UTF-8 is tried anyway.
  return encoding && !/^(utf|ucs)-?\d+/i.test(encoding) ? encoding : undefined;
}

function unmarked(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
