import { expect, test } from "vitest";
import { testEngine } from "../../ops/check";
import { SCALE, scalePoint } from "./measure";

test("the scale table times steps of ViTs and detectors; what is too long for a software adapter is planned", async ({ skip }) => {
  const engine = await testEngine();
  if (!engine.facts.software) skip("a GPU takes them all");
  expect(Object.keys(SCALE)).toEqual(expect.arrayContaining(["ViT 16/1", "DeiT-Ti from DeiT-S, 50 %", "GFL, 320 px"]));
  for (const network of ["ViT 16/1", "GFL, 128 px"]) {
    const point = await scalePoint(engine, network);
    expect(point).toMatchObject({ network, batch: 8 });
    for (const value of [point.ms, point.images_per_s, point.gflops, point.step_mb]) expect(value).toBeGreaterThan(0);
  }
  const large = await scalePoint(engine, "GFL on ResNet-18, 512 px");
  expect(large).toMatchObject({ skipped: "too long for a software adapter" });
  expect(large.gflop).toBeGreaterThan(1000);
  expect(large.step_mb).toBeGreaterThan(1000);
}, 300_000);
