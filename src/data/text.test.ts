import { expect, it } from "vitest";
import { decodeText } from "./text";

const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part)));
const utf16 = (text: string, little: boolean) =>
  [...text].flatMap((letter) =>
    little ? [letter.charCodeAt(0) & 255, letter.charCodeAt(0) >> 8] : [letter.charCodeAt(0) >> 8, letter.charCodeAt(0) & 255],
  );

it.each<[string, Uint8Array, string]>([
  ["UTF-8", bytes("犬é"), "犬é"],
  ["UTF-8 with a mark", bytes([0xef, 0xbb, 0xbf], "car"), "car"],
  ["UTF-16 as PowerShell writes it", bytes([0xff, 0xfe], utf16("car 犬", true)), "car 犬"],
  ["UTF-16, the larger half first", bytes([0xfe, 0xff], utf16("car 犬", false)), "car 犬"],
  ["UTF-16 without a mark", bytes(utf16("car", true)), "car"],
  ["the same, the larger half first", bytes(utf16("car", false)), "car"],
  [
    "what XML declares",
    bytes('<?xml version="1.0" encoding="gb2312"?><a>', [0xb9, 0xb7], "</a>"),
    '<?xml version="1.0" encoding="gb2312"?><a>狗</a>',
  ],
  [
    "UTF-16 declared by what is not",
    bytes("<?xml version='1.0' encoding='utf-16'?><a>é</a>"),
    "<?xml version='1.0' encoding='utf-16'?><a>é</a>",
  ],
  ["one byte a letter", bytes("caf", [0xe9]), "café"],
  ["nothing", bytes(), ""],
])("reads %s", (_, file, text) => {
  expect(decodeText(file, "a.txt")).toBe(text);
});

it("refuses an unknown encoding, naming the file", () => {
  const file = bytes('<?xml version="1.0" encoding="klingon"?><a/>');
  expect(() => decodeText(file, "b/a.xml")).toThrow(
    "b/a.xml says that it is written in klingon, which is no known encoding. Save it again as UTF-8.",
  );
});
