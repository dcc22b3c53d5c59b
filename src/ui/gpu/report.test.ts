import { expect, test } from "vitest";
import { textOf } from "./report";

test("the text names adapter, browser, variants in use, speed, and what is wrong", () => {
  const right = { kernel: "gemm", variant: "quad8x8", error: 1.23e-6, ms: 0.5 };
  const long = { kernel: "softmax", variant: "logarithm of a softmax, f16", error: 2e-7, ms: 1 };
  const broken = { kernel: "rows", variant: "lane", error: null, ms: null, wrong: "layernorm.wgsl does not compile." };
  const report = {
    final: true,
    adapter: "acme gpu",
    checked: 2,
    failed: 1,
    kernels: "gemm=quad8x8",
    images_per_s: 123.4,
    times: { gemm: { large: { quad8x8: 2, shared: 0.5 } } },
  } as const;
  const lines = textOf("Browser 1", [right, long, broken], report).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "Masked Distillation Playground on acme gpu",
      "Browser: Browser 1",
      "In use: kernels=gemm=quad8x8",
      "Standard step: 123.4 images/s",
      "Measured, gemm, large: shared 0.500 ms, quad8x8 2.00 ms",
    ]),
  );
  expect(lines.find((line) => line.startsWith("gemm"))).toMatch(/quad8x8 +1\.2e-6 +0\.500 ms +right/);
  expect(lines.find((line) => line.startsWith("softmax"))).toMatch(/softmax, f16 +2\.0e-7 +1\.00 ms +right/);
  expect(lines.find((line) => line.startsWith("rows"))).toMatch(/lane +none +none +layernorm\.wgsl does not compile\./);
});
