import { expect, test, vi } from "vitest";
import { openEngine } from "../../engine/device";
import { Params } from "../../models/params";
import { testEngine } from "../../ops/check";
import { plainViT, type StandardOptions } from "../../tasks/standardStep";
import { nodeGPU } from "../device.node";
import { doubling, soak } from "./endurance";

const TINY: StandardOptions = { student: plainViT({ image: 8, patch: 4, classes: 3, width: 16, depth: 1, heads: 2 }), batch: 4 };

test("the same steps twice have the same bits; one other bit is seen", async () => {
  const engine = await testEngine();
  expect(await soak(engine, 30, TINY)).toMatchObject({ steps: 30, equal: true });
  const read = Params.prototype.read;
  const spied = vi.spyOn(Params.prototype, "read").mockImplementationOnce(async function (this: Params) {
    const weights = await read.call(this);
    const [first] = weights.values();
    new Uint32Array(first.data.buffer, first.data.byteOffset)[0] ^= 1;
    return weights;
  });
  expect(await soak(engine, 3, TINY)).toMatchObject({ equal: false });
  spied.mockRestore();
}, 300_000);

test("batches double until one is refused, in words, and the device goes on", async () => {
  const engine = await openEngine(await nodeGPU());
  vi.spyOn(engine, "largestBuffer", "get").mockReturnValue(100_000);
  const found = await doubling(engine, TINY);
  expect(found).toMatchObject({ goes_on: true, refused: 2 * found.batch, why: expect.stringContaining("this GPU allows") });
  expect(found.batch).toBeGreaterThanOrEqual(8);
  engine.destroy();
}, 300_000);
