import { expect, test } from "vitest";
import { TASKS } from ".";
import { assertOnnx } from "./onnxOf";

test("a task says that its networks are written as ONNX where they are, and the others say why not", async () => {
  for (const { name, onnx = false, runtime } of Object.values(TASKS)) {
    const wing = await runtime();
    expect([name, wing.networks.onnx !== undefined]).toEqual([name, onnx]);
    if (!onnx) expect(() => assertOnnx(wing)).toThrow(/vision transformers/);
  }
});
