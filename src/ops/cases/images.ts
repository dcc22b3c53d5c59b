/** Images from bytes, beside a lookup of each. */
import type { Check } from "../evidence";
import { fromBytes } from "../images";

export const fromBytesCase = (shape: [number, number, number, number]): Check => {
  const [batch, channels, height, width] = shape;
  const area = height * width;
  const count = batch * channels * area;
  const bytes = Uint8Array.from({ length: Math.ceil(count / 4) * 4 }, (_, i) => (i * 89 + 7) % 256);
  return {
    inputs: {
      bytes: { shape: [bytes.length / 4], data: new Uint32Array(bytes.buffer), dtype: "u32" },
      values: { shape: [channels, 256], whole: true },
    },
    op: (inputs) => fromBytes(inputs.bytes, inputs.values, shape),
    reference: ({ values }) => [Float64Array.from({ length: count }, (_, i) => values[(Math.floor(i / area) % channels) * 256 + bytes[i]])],
  };
};
