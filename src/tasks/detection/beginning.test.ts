/** A detector's student that begins as a file: a vision transformer, a ViTDet, another detector. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../engine/device";
import { initDetector } from "../../models/detector/init";
import { toTorch } from "../../models/detector/names";
import { initViT, type ViTConfig } from "../../models/vit/config";
import { testEngine } from "../../ops/check";
import { writeNetwork } from "../vitNetwork";
import { changesOf, sizesOf } from "./beginning";
import { type DetectorNetwork, readDetector, writeDetector } from "./network";
import { config, dataset, network, settingsOf, taskOf } from "./task.fixture";

describe("a student that begins as a file", () => {
  let engine: Engine;
  let teacher: DetectorNetwork;
  beforeAll(async () => {
    engine = await testEngine();
    teacher = await network();
  });

  test("a student on ViTDet begins as a vision transformer of a file, which is no teacher", async () => {
    const vit: ViTConfig = {
      ...{ image: 64, patch: 16, channels: 3, classes: 0, width: 8, depth: 2, heads: 2, headDim: 4, mlp: 32 },
      ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
    };
    const weights = initViT(vit, 3);
    const fileOf = (config: ViTConfig, moments = dataset.moments) =>
      writeNetwork({ weights: initViT(config, 3), config }, { name: "scenes", classes: [], moments });
    const start = await readDetector(fileOf(vit), "mae");
    expect(sizesOf(start)).toEqual({ backbone: "vitdet", vitWidth: 8, vitDepth: 2, vitHeads: 2 });
    const settings = settingsOf("samkd", { ...sizesOf(start), window: 2, globals: 1 });
    const task = taskOf(engine, teacher, settings, start);
    const begun = await task.weights();
    expect(begun.get("backbone.blocks.1.mlp.fc1.weight")).toEqual(weights.get("blocks.1.mlp.fc1.weight"));
    expect(toTorch(begun).get("backbone.patch_embed.proj.weight")).toEqual(weights.get("patch_embed.proj.weight"));
    task.destroy();
    // Twice the deviation there: the embedding of pixels normalised as here weighs them half as much.
    const wide = { ...dataset.moments, std: dataset.moments.std.map((v) => 2 * v) };
    const other = taskOf(engine, undefined, settings, await readDetector(fileOf(vit, wide), "wide"));
    const halved = toTorch(await other.weights()).get("backbone.patch_embed.proj.weight")!.data;
    for (const [i, v] of halved.entries()) expect(v).toBeCloseTo(weights.get("patch_embed.proj.weight")!.data[i] / 2, 5);
    other.destroy();
    // Of such images the embedding would be of numbers that float32 does not hold.
    const beyond = await readDetector(fileOf(vit, { ...dataset.moments, std: [1e-300, 1, 1] }), "beyond");
    expect(() => taskOf(engine, undefined, settings, beyond)).toThrow(
      /^beyond was made for images with a mean of .* and a deviation of 1e-300, 1, 1; on this data's, .* comes to no numbers\./,
    );
    expect(() => taskOf(engine, start, settingsOf("fitnet"))).toThrow("mae is a backbone, no detector");
    expect(() => taskOf(engine, teacher, settingsOf("samkd"), start)).toThrow("begins a student on ViTDet alone");
    await expect(readDetector(fileOf({ ...vit, patch: 8 }), "fine")).rejects.toThrow("fine has patches of 8 pixels");
    await expect(readDetector(fileOf({ ...vit, mlp: 16 }), "slim")).rejects.toThrow("slim is no plain vision transformer");
  });

  test("a ViTDet of other images gives way: its relative positions are interpolated, and that is said", async () => {
    const plain = { width: 8, depth: 2, heads: 2, window: 2, globals: 1, relative: true as const };
    const large = { ...config, image: 128, plain };
    const weights = initDetector(large, 9);
    const tableOf = (block: number) => `backbone.blocks.${block}.attn.rel_pos_h`;
    // Rows that are their own numbers: what lies between two says where it was read.
    const table = weights.get(tableOf(1))!;
    for (let i = 0; i < table.data.length; i++) table.data[i] = Math.floor(i / table.shape[1]);
    const start = await readDetector(writeDetector({ weights, config: large }, dataset), "large");
    const task = taskOf(engine, undefined, settingsOf("fitnet", { ...sizesOf(start), window: 2, globals: 1 }), start);
    const begun = await task.weights();
    expect([table.shape, begun.get(tableOf(1))!.shape]).toEqual([
      [15, 4],
      [7, 4],
    ]);
    for (let i = 0; i < 7; i++) expect(begun.get(tableOf(1))!.data[4 * i]).toBeCloseTo(((i + 0.5) * 15) / 7 - 0.5, 5);
    // The file says what its windows are, unless these do not tile the student's images.
    const wanted = (side: number) => settingsOf("fitnet", { side });
    expect([sizesOf(start), sizesOf(start, wanted(64))]).toEqual(Array(2).fill(expect.objectContaining({ window: 2, globals: 1 })));
    expect(sizesOf(start, wanted(48))).toMatchObject({ globals: 1 });
    expect(sizesOf(start, wanted(48))).not.toHaveProperty("window");
    // A window is as large as it was.
    expect(begun.get(tableOf(0))).toEqual(start.weights.get(tableOf(0)));
    task.destroy();
    const note =
      "large is of images of 128 pixels: a student that begins as it has the positions of images of 64, relative ones interpolated.";
    expect(changesOf(start, dataset)).toEqual([note]);
    expect(changesOf(start, { ...dataset, side: 128 })).toEqual([]);
  });

  test("a student begins as a detector of a file, and where that is of another kind or for other classes with its features and a head of its own", async () => {
    const begin = (other = {}, start = teacher) =>
      taskOf(engine, undefined, settingsOf("fitnet", { ...sizesOf(teacher), detector: "fcos", ...other }), start);
    const task = begin();
    const begun = await task.weights();
    for (const name of ["backbone.layer4.0.conv1.weight", "neck.fpn_convs.0.conv.weight"])
      expect(begun.get(name), name).toEqual(teacher.weights.get(name));
    const [, drawn] = [...begun].find(([name]) => name.startsWith("bbox_head.") && name.endsWith("_cls.weight"))!;
    expect([...teacher.weights.values()]).not.toContainEqual(drawn);
    task.destroy();
    const same = begin({ detector: teacher.config.kind, stacked: teacher.config.stacked });
    expect(await same.weights()).toEqual(teacher.weights);
    same.destroy();
    const renamed = begin({ detector: teacher.config.kind }, { ...teacher, classes: dataset.classes.map((name) => `${name}s`) });
    expect(await renamed.weights()).not.toEqual(teacher.weights);
    renamed.destroy();
    const deep = { ...config, stacked: 1 };
    const deeper = await readDetector(writeDetector({ weights: initDetector(deep, 9), config: deep }, dataset), "deep");
    const shallow = begin({ detector: config.kind, stacked: 0 }, deeper);
    const head = [...(await shallow.weights())].filter(([name]) => name.startsWith("bbox_head.") && name.endsWith(".weight"));
    for (const [name, weight] of head) expect(weight, name).not.toEqual(deeper.weights.get(name));
    shallow.destroy();
    for (const other of [{ channels: 16 }, { blocks: 3 }, { norm: "bn" }])
      expect(() => begin(other), JSON.stringify(other)).toThrow(/backbone or pyramid is another/);
  });
});
