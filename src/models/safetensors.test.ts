import { describe, expect, it } from "vitest";
import { readSafetensors, readSafetensorsMetadata, SafetensorsError, writeSafetensors } from "./safetensors";
import { hasShared, sharedBytes, sharedJson } from "./shared.fixture";

/** A file from any header, so that it can be wrong in any way. */
function file(header: unknown, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

function one(dtype: string, shape: unknown, length: number, offsets: unknown = [0, length]): Uint8Array {
  return file({ t: { dtype, shape, data_offsets: offsets } }, new Uint8Array(length));
}

/** The single tensor of a file of raw values. */
function values(dtype: string, raw: ArrayBufferView): unknown[] {
  const bytes = new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength);
  const length = bytes.length;
  const header = { t: { dtype, shape: [length / (raw as Uint8Array).BYTES_PER_ELEMENT], data_offsets: [0, length] } };
  return Array.from(readSafetensors(file(header, bytes)).get("t")?.data as Float32Array);
}

describe("reading types", () => {
  it("turns every float type into Float32Array", () => {
    expect(values("F64", new Float64Array([1.5, -2, 0.1]))).toEqual([1.5, -2, Math.fround(0.1)]);
    expect(values("F32", new Float32Array([1.5, -2]))).toEqual([1.5, -2]);
    // one, minus two, smallest subnormal, largest subnormal, largest, +inf, -inf, NaN, -0
    const half = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000]);
    const subnormal = 2 ** -24;
    expect(values("F16", half)).toEqual([1, -2, subnormal, 1023 * subnormal, 65504, Infinity, -Infinity, NaN, -0]);
    expect(values("BF16", new Uint16Array([0x3f80, 0xc000, 0x7f80, 0x4049, 0x8000]))).toEqual([1, -2, Infinity, 3.140625, -0]);
  });

  it("keeps integers exact", () => {
    expect(values("I64", new BigInt64Array([-1n, 2n ** 62n]))).toEqual([-1n, 2n ** 62n]);
    expect(values("U64", new BigUint64Array([2n ** 64n - 1n]))).toEqual([2n ** 64n - 1n]);
    expect(values("I32", new Int32Array([-5]))).toEqual([-5]);
    expect(values("U32", new Uint32Array([0xffffffff]))).toEqual([0xffffffff]);
    expect(values("I16", new Int16Array([-300]))).toEqual([-300]);
    expect(values("U16", new Uint16Array([65535]))).toEqual([65535]);
    expect(values("I8", new Int8Array([-7]))).toEqual([-7]);
    expect(values("U8", new Uint8Array([255]))).toEqual([255]);
    expect(values("BOOL", new Uint8Array([1, 0]))).toEqual([1, 0]);
  });

  it("takes scalars, empty tensors, files without tensors, odd alignment and a view into a larger buffer", () => {
    expect(readSafetensors(one("F32", [], 4)).get("t")).toEqual({ dtype: "F32", shape: [], data: new Float32Array(1) });
    expect(readSafetensors(one("F32", [0, 7], 0)).get("t")?.data.length).toBe(0);
    expect(readSafetensors(file("{}")).size).toBe(0);
    const header = { a: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, b: { dtype: "F32", shape: [1], data_offsets: [1, 5] } };
    const bytes = file(header, [9, 0, 0, 128, 63]);
    const padded = new Uint8Array(bytes.length + 3);
    padded.set(bytes, 3);
    expect(readSafetensors(padded.subarray(3)).get("b")?.data).toEqual(new Float32Array([1]));
    expect(readSafetensors(bytes.buffer as ArrayBuffer).get("a")?.data).toEqual(new Uint8Array([9]));
  });

  it("copies, so the file may be changed or freed", () => {
    const bytes = one("U8", [2], 2);
    const { data } = readSafetensors(bytes).get("t") as { data: Uint8Array };
    bytes.fill(255);
    expect([...data]).toEqual([0, 0]);
  });

  it("treats __proto__ as a name like any other", () => {
    const bytes = file('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [5]);
    expect([...readSafetensors(bytes).keys()]).toEqual(["__proto__"]);
  });
});

describe("bad files name the file, the fault and the remedy", () => {
  const entry = (begin: number, end: number) => ({ dtype: "U8", shape: [end - begin], data_offsets: [begin, end] });
  const header = (text: string) => file(text);
  const huge = new Uint8Array(16);
  new DataView(huge.buffer).setBigUint64(0, 16_000_001n, true);
  const longer = new Uint8Array(16);
  new DataView(longer.buffer).setBigUint64(0, 9n, true);

  it.each<[string, Uint8Array, RegExp]>([
    ["shorter than the length field", new Uint8Array(7), /only 7 bytes/],
    ["a header longer than the file", longer, /header of 9 bytes, but only 8 follow: truncated/],
    ["a huge header", huge, /header of 16000001 bytes; the limit is 16000000.*converted/],
    ["a pickle", new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0]), /\.pt, \.bin or \.h5 checkpoint has to be converted/],
    ["no UTF-8", file({ a: 1 }).fill(0xff, 9, 11), /not UTF-8/],
    ["no JSON", header('{"a":'), /not valid JSON/],
    ["an empty header", header(""), /not a JSON object/],
    ["a JSON list", header("[1]"), /not a JSON object/],
    ["a space before the brace", header(" {}"), /not a JSON object/],
    ["a byte order mark", header("\ufeff{}"), /not a JSON object/],
    ["a duplicate tensor", header('{"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"t":{}}'), /"t" twice/],
    ["an escaped duplicate", header('{"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0074" :{}}'), /"t" twice/],
    ["a duplicate field", header('{"t":{"dtype":"U8","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), /"dtype" twice/],
    ["metadata that is no map", header('{"__metadata__":[]}'), /"__metadata__" is not a map of strings/],
    ["metadata of numbers", header('{"__metadata__":{"a":1}}'), /"__metadata__" is not a map of strings/],
    ["a tensor that is no object", header('{"t":3}'), /"t" has no description/],
    ["an unknown type", one("F8_E4M3", [1], 1), /"t" has the unknown type "F8_E4M3".*F64, F32, F16/],
    ["a type 50,000 deep", header(`{"t":{"dtype":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`), /"t" has the unknown type a nested value/],
    [
      "a shape 50,000 deep",
      header(`{"t":{"dtype":"U8","shape":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`),
      /"t" has the shape a nested value/,
    ],
    ["a type that is an object's method", one("toString", [1], 1), /unknown type "toString"/],
    ["a negative shape", one("U8", [-1], 1), /"t" has the shape \[-1\]/],
    ["a fractional shape", one("U8", [1.5], 1), /"t" has the shape \[1\.5\]/],
    ["no shape", one("U8", undefined, 1), /"t" has the shape undefined/],
    ["a text as a shape", one("U8", "1", 1), /"t" has the shape "1"/],
    ["a shape beyond 2^53", one("F32", [2 ** 40, 2 ** 40], 4), /takes 4 bytes, but F32 \[\d+,\d+\] needs/],
    ["a size that is not shape x type", one("F32", [3], 8), /"t" takes 8 bytes, but F32 \[3\] needs 12/],
    ["offsets in the wrong order", one("U8", [1], 1, [1, 0]), /"t" has the offsets \[1,0\]/],
    ["one offset", one("U8", [1], 1, [1]), /"t" has the offsets \[1\]/],
    ["data cut off", one("U8", [4], 4).subarray(0, -1), /"t" \(bytes 0 to 4\) ends after the data \(3 bytes\): truncated/],
    ["an overlap", file({ a: entry(0, 4), b: entry(2, 6) }, new Uint8Array(6)), /"b" \(bytes 2 to 6\) overlaps .* ends at 4/],
    ["a hole", file({ a: entry(0, 2), b: entry(4, 6) }, new Uint8Array(6)), /"b".*hole: bytes 2 to 4/],
    ["a hole at the start", one("U8", [1], 2, [1, 2]), /hole: bytes 0 to 1/],
    ["bytes left at the end", one("U8", [1], 3, [0, 1]), /last 2 bytes belong to no tensor/],
  ])("%s", (_, bytes, message) => {
    const read = () => readSafetensors(bytes, "my.safetensors");
    expect(read).toThrow(SafetensorsError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^my\.safetensors: .*(Download|Save|Choose)/s);
  });
});

describe("writing", () => {
  const tensors = () =>
    new Map<string, { shape: number[]; data: Float32Array | Int32Array | Uint8Array }>([
      ["z", { shape: [3], data: new Uint8Array([1, 2, 3]) }],
      ["b", { shape: [2, 1], data: new Float32Array([0.1, Number.NaN]) }],
      ["a", { shape: [], data: new Int32Array([-7]) }],
      ["empty", { shape: [0], data: new Float32Array(0) }],
      ['ünï "code\\', { shape: [1], data: new Float32Array([1e-40]) }],
    ]);

  it("comes back equal, with its metadata", () => {
    const bytes = writeSafetensors(tensors(), { format: "pt", note: "ü" });
    const back = readSafetensors(bytes);
    for (const [name, { shape, data }] of tensors()) {
      expect(back.get(name)?.shape).toEqual(shape);
      expect(back.get(name)?.data).toEqual(data);
    }
    expect(back.size).toBe(5);
    expect(readSafetensorsMetadata(bytes)).toEqual({ format: "pt", note: "ü" });
    expect(readSafetensorsMetadata(writeSafetensors(tensors()))).toEqual({});
  });

  it("writes the same bytes whatever the order of insertion", () => {
    const reversed = new Map([...tensors()].reverse());
    expect(writeSafetensors(reversed, { b: "2", a: "1" })).toEqual(writeSafetensors(tensors(), { a: "1", b: "2" }));
  });

  it("starts the data at a multiple of 8 behind a header padded with spaces, and aligns every tensor", () => {
    const bytes = writeSafetensors(tensors());
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(length % 8).toBe(0);
    expect(text).toMatch(/^\{.*\} *$/s);
    const header = JSON.parse(text) as Record<string, { dtype: string; data_offsets: number[] }>;
    for (const { dtype, data_offsets } of Object.values(header)) expect(data_offsets[0] % (dtype === "U8" ? 1 : 4)).toBe(0);
  });

  it("writes a part of a larger buffer", () => {
    const data = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    expect(readSafetensors(writeSafetensors(new Map([["t", { shape: [2], data }]]))).get("t")?.data).toEqual(new Float32Array([2, 3]));
  });

  it("refuses the reserved name and shapes that do not fit", () => {
    const write = (name: string, shape: number[]) => () => writeSafetensors(new Map([[name, { shape, data: new Float32Array(2) }]]));
    expect(write("__metadata__", [2])).toThrow(SafetensorsError);
    expect(write("t", [3])).toThrow('Tensor "t": shape [3] does not fit its 2 values.');
    expect(write("t", [-1, -2])).toThrow("holds -1");
    expect(write("t", [0.5, 4])).toThrow("holds 0.5");
  });
});

describe.skipIf(!hasShared)("real files", () => {
  it("reads the file of the Python library: a convolution, batch norm and linear layer give its output", () => {
    const tensors = readSafetensors(sharedBytes("safetensors/multi_layer.safetensors"));
    expect(tensors.get("norm1.num_batches_tracked")).toEqual({ dtype: "I64", shape: [], data: new BigInt64Array([1n]) });
    const { output } = sharedJson<{ output: number[] }>("safetensors/multi_layer.expected.json");
    const f = (name: string) => tensors.get(name)?.data as Float32Array;
    const map = convolveOnes(f("conv1.weight"), f("conv1.bias")).map((v, i) => {
      const c = Math.floor(i / 64);
      const normed = (v - f("norm1.running_mean")[c]) / Math.sqrt(f("norm1.running_var")[c] + 1e-5);
      return Math.max(0, normed * f("norm1.weight")[c] + f("norm1.bias")[c]);
    });
    output.forEach((expected, o) => {
      const sum = map.reduce((total, v, i) => total + v * f("fc1.weight")[o * 256 + i], f("fc1.bias")[o]);
      expect(sum).toBeCloseTo(expected, 6);
    });
  });

  it.each([
    ["vit_371", 371],
    ["vit_mnist_gpu", 499_722],
  ])("reads %s, all %i parameters, and writes it so that it reads back equal", (model, parameters) => {
    const bytes = sharedBytes(`vit-mnist/${model}/model.safetensors`);
    const tensors = readSafetensors(bytes, model);
    const metadata = readSafetensorsMetadata(bytes, model);
    expect(metadata.format).toBe("pt");
    expect([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(parameters);
    const copy = writeSafetensors(tensors as Parameters<typeof writeSafetensors>[0], metadata);
    const back = readSafetensors(copy);
    expect([...back.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, tensor] of tensors) expect(back.get(name)).toEqual(tensor);
    expect(readSafetensorsMetadata(copy)).toEqual(metadata);
  });

  it("refuses a real file cut anywhere", () => {
    const bytes = sharedBytes("vit-mnist/vit_371/model.safetensors");
    for (let end = 0; end < bytes.length; end += 97) expect(() => readSafetensors(bytes.subarray(0, end))).toThrow(SafetensorsError);
  });
});

/** 3 x 3 convolution, padding 1, of ones [3, 8, 8] -> [4, 8, 8]. */
function convolveOnes(weight: Float32Array, bias: Float32Array): number[] {
  return Array.from({ length: 256 }, (_, i) => {
    const [c, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
    let sum = bias[c];
    for (let k = 0; k < 27; k++) {
      const row = y + (Math.floor(k / 3) % 3) - 1;
      const column = x + (k % 3) - 1;
      if (row >= 0 && row < 8 && column >= 0 && column < 8) sum += weight[c * 27 + k];
    }
    return sum;
  });
}

it("a header of more tensors than any model has is refused before they are looked at", () => {
  const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  const json = new TextEncoder().encode(`{${Array.from({ length: 20_001 }, (_, i) => `"${i}":${entry}`).join(",")}}`);
  const file = new Uint8Array(8 + json.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  expect(() => readSafetensors(file, "a.safetensors")).toThrow("a.safetensors: claims 20001 tensors; the limit is 20000.");
});
