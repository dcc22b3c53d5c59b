/** Values that readers stumble over, wherever they stand. */

/** Ends of the ranges of numbers, and what is beyond them; as they are written in text. */
export const NUMBERS = [
  ...[
    "0",
    "-0",
    "1",
    "-1",
    "0.5",
    "-512",
    "127",
    "128",
    "255",
    "256",
    "32767",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
  ],
  ...[
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740993",
    "18446744073709551615",
    "1e9",
    "1e308",
    "-1e308",
    "1e999",
    "1e-320",
  ],
  ...["NaN", "Infinity", "-Infinity", "0x10", "1_000", "٣", "", " ", "1,5", "--1", "1e", "00000000000000000001", "9".repeat(400)],
];

/** Bytes and words of numbers in binary files. */
export const WORDS = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 0x10000n, 2n ** 24n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n];
export const LONG_WORDS = [...WORDS, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Words that mean something to the language, to systems or to formats. */
export const TEXTS = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "length", "null", "undefined", "true", "[object Object]", "~", "yes"],
  ...[
    "..",
    "../etc/passwd",
    "/",
    "\\",
    "C:\\x",
    "a/b",
    ".",
    "\0",
    "\uFEFF",
    "\u2028",
    "\u202E",
    "e\u0301",
    "Ünïcödé 犬",
    "😀",
    "%",
    "%zz",
    "%2e%2e",
  ],
  ...[
    "'",
    '"',
    "`",
    "<",
    "&",
    "&amp;",
    "&#x110000;",
    "&#xD800;",
    "]]>",
    "<!--",
    "<![CDATA[",
    "<?xml",
    "<!DOCTYPE a [",
    "*a",
    "&a",
    "!!js",
    "---",
    "{{",
  ],
];

/** What long runs are made of, and what nests. */
export const RUNS = [
  " ",
  "\t",
  "\n",
  "\r\n",
  "0",
  "9",
  "a",
  "-",
  ".",
  ",",
  "/",
  "=",
  ":",
  "&",
  "%",
  '"',
  "\\",
  "\0",
  "a ",
  "a:",
  "- ",
  "1 ",
  "0 0 0 0 0\n",
];
export const NESTS = ["[", "{", '{"a":', "(", "<a>", "- ", "[[", "<!--", "/a", "'", "&a [*a,", "? "];
