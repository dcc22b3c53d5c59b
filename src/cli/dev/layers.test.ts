import { expect, test } from "vitest";
import { taskNames, violations } from "./layers.mjs";

test("imports to the left pass", () => {
  expect(
    violations("src/ops/matmul.ts", 'import { launch } from "../engine/graph";\nimport w from "../../shaders/matmul.wgsl?raw";'),
  ).toEqual([]);
  expect(violations("src/worker/worker.ts", 'new Worker(new URL("../data/load.ts", import.meta.url))')).toEqual([]);
});

test("imports to the right, and between siblings, are named", () => {
  expect(violations("src/engine/graph.ts", 'import type { Vit } from "../models/vit";')[0]).toMatch(
    /engine\/graph\.ts.*"\.\.\/models\/vit".*engine may/,
  );
  expect(violations("src/data/digits.ts", 'import { accuracy } from "../metrics/accuracy";')).toHaveLength(1);
  expect(violations("src/data/digits.ts", 'import { detector } from "../models/detector/detector";')).toHaveLength(1);
  expect(violations("src/worker/worker.ts", 'await import("../cli/train");')).toHaveLength(1);
  expect(violations("src/models/vit.ts", 'import.meta.glob<string>("../train/*.ts")')).toHaveLength(1);
});

test("only tests reach for the GPU in Node", () => {
  const source = 'import { nodeGPU } from "../cli/device.node";';
  expect(violations("src/engine/graph.test.ts", source)).toEqual([]);
  expect(violations("src/engine/graph.ts", source)).toHaveLength(1);
});

test("files outside the wings that name a task are reported", () => {
  const wings = ["classification", "detection"];
  expect(taskNames("src/train/loop.ts", 'if (task === "detection") stop();', wings)).toHaveLength(1);
  expect(taskNames("src/worker/host.ts", 'import { SETTINGS } from "../tasks/classification/settings";', wings)[0]).toMatch(/host\.ts:1/);
  expect(taskNames("src/ui/tasks/detection/Features.tsx", 'useView("detection", "maps")', wings)).toEqual([]);
  expect(taskNames("src/train/loop.ts", "// detection and classification alike", wings)).toEqual([]);
});
