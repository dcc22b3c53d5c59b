/** What a detection task measures, scores, shows and refuses. The steps themselves are tested with the session that makes them. */
import { beforeAll, describe, expect, test } from "vitest";
import { detectionScenes } from "../../data/scenes.detection";
import type { Engine } from "../../engine/device";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { fittedAnchor } from "../../models/detector/coverage";
import { initDetector } from "../../models/detector/init";
import { gradientReader } from "../../models/gradients.fixture";
import { testEngine } from "../../ops/check";
import { conflictsOf } from "./conflicts";
import { type DetectorNetwork, describeDetector, readDetector, writeDetector } from "./network";
import { runtime } from "./runtime";
import { config, dataset, network, settingsOf, taskOf } from "./task.fixture";

describe("a detection task", () => {
  let engine: Engine;
  let teacher: DetectorNetwork;
  beforeAll(async () => {
    engine = await testEngine();
    teacher = await network();
  });

  test("measures the weights of its method's terms, under their keys, before the first step and when blocks have learned", async () => {
    const measured = async (
      preset: string,
      step: number,
      more: Record<string, number | string> = {},
      from: DetectorNetwork | undefined = teacher,
    ) => {
      const task = taskOf(engine, from, settingsOf(preset, { steps: 60, ...more }));
      const found = await task.prepare(step);
      task.destroy();
      return found;
    };
    const both = await measured("samkd", 0);
    expect(Object.keys(both)).toEqual(["samkd.alpha", "samkd.beta"]);
    for (const weight of Object.values(both)) expect(weight).toBeGreaterThan(0);
    // Three of sixty steps are five percent. FGD has no block that regenerates.
    expect(Object.keys(await measured("samkd", 3))).toEqual(["samkd.alpha", "samkd.beta"]);
    for (const step of [1, 2, 4]) expect(await measured("samkd", step)).toEqual({});
    expect(await measured("fgd", 3)).toEqual({});
    const defaults = settingsOf("fgd");
    const fgd = await measured("fgd", 0);
    const factors = Object.entries(fgd).map(([key, weight]) => weight / Number(defaults[key]));
    expect(factors).toHaveLength(4);
    for (const factor of factors) expect(factor / factors[0]).toBeCloseTo(1, 6);
    const literal = await measured("fgd", 0, { "fgd.reduction": "literal" });
    expect(literal["fgd.lambda"] / literal["fgd.alpha"]).toBeCloseTo(5e-3, 9);
    expect(await measured("samkd", 0, { weights: "given" })).toEqual({});
    const alone = taskOf(engine, undefined);
    expect(await alone.prepare(0)).toEqual({});
    alone.destroy();
  });

  test("with its method weighing nothing learns what the detector learns alone", async () => {
    const learned = async (from: DetectorNetwork | undefined, more: Record<string, number> = {}) => {
      const task = taskOf(engine, from, settingsOf("samkd", more));
      const { grads, outputs } = task.trace(new Graph(engine));
      const reader = gradientReader(task.params, grads);
      const program = await Program.compile(grads.graph, { ...outputs, ...reader.outputs });
      task.load(0);
      const fetched = await program.fetch();
      program.dispose();
      task.destroy();
      const own = [...reader.read(fetched)].filter(([name]) => name.startsWith("student."));
      return { losses: task.report(Object.fromEntries(Object.keys(outputs).map((name) => [name, fetched[name]]))).losses, own };
    };
    const alone = await learned(undefined);
    const weightless = await learned(teacher, { "samkd.alpha": 0, "samkd.beta": 0 });
    expect(Object.keys(weightless.losses)).toEqual(["cls", "box", "dfl", "feature", "logit"]);
    expect(weightless.losses).toMatchObject(alone.losses);
    expect(weightless.own).toEqual(alone.own);
    expect((await learned(teacher)).own).not.toEqual(alone.own);
  });

  test("exports the student alone, in a file that reads back, and scores it as COCO does", async () => {
    const task = taskOf(engine, teacher);
    const weights = await task.weights();
    const scores = await task.evaluate(dataset.test.count);
    const read = await readDetector(writeDetector({ weights, config: task.config, score: scores.map }, dataset), "student");
    expect(read.weights).toEqual(weights);
    expect(read.config).toEqual(task.config);
    expect(read.score).toBeCloseTo(scores.map, 4);
    expect(scores.map).toBeGreaterThanOrEqual(0);
    expect(scores.mar).toBeLessThanOrEqual(1);
    const views = await task.snapshot([0, 1]);
    expect([views.student.length, views.teacher?.length]).toEqual([2, 2]);
    task.destroy();
  });

  test("says what errors cost student and teacher, lets other work in between, and can be ended", async () => {
    const { blocks, width: stem, channels } = config;
    const task = taskOf(engine, teacher, settingsOf("samkd", { blocks: blocks[0], stem, channels }));
    const shares: number[] = [];
    let turns = 0;
    const alone = async <T>(work: () => Promise<T>) => {
      const result = await work();
      await task.pulls([turns++]);
      return result;
    };
    // A student with the teacher's weights is evaluated by itself, and must give the same result.
    const errors = await task.errors(teacher.weights, { alone, progress: (share) => shares.push(share) });
    const { student, images, classes } = errors;
    expect(student).toEqual(errors.teacher);
    expect(turns).toBe(4);
    expect(shares).toEqual([0.5, 1]);
    expect([images, classes.length]).toEqual([6, student.perClass.length]);
    const { areas } = student.overall;
    expect([areas.length, areas.at(-1)]).toEqual([7, 1]);
    expect(areas).toEqual([...areas].sort((a, b) => a - b));
    expect(areas[5]).toBeGreaterThan(areas[0]);
    await expect(task.errors(teacher.weights, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    task.destroy();
  });

  test("ends with the scores of all held-out images and, where that is wanted, with what errors cost", async () => {
    const task = taskOf(engine, teacher, settingsOf("fgd"));
    const { voc_ap50, ...coco } = await task.outcome();
    expect(coco).toEqual(await task.evaluate(dataset.test.count));
    expect(voc_ap50).toBeGreaterThanOrEqual(0);
    const { tide, errors, assigned, weights, ...scores } = await task.outcome({ whole: true });
    expect(weights).toMatchObject({ "fgd.alpha": expect.any(Number) });
    expect(assigned).toEqual({ positives: [expect.any(Number), expect.any(Number), expect.any(Number)], missed: expect.any(Number) });
    expect(scores).toEqual({ voc_ap50, ...coco });
    expect(Object.keys(tide as object)).toContain("bkg");
    const areas = errors as Record<string, { overall: Record<string, number>; classes: Record<string, object> }>;
    expect(Object.keys(areas)).toEqual(["student", "teacher"]);
    for (const { overall, classes } of Object.values(areas)) {
      expect([Object.keys(overall).length, overall.FN]).toEqual([7, 1]);
      for (const name of Object.keys(classes)) expect(dataset.classes).toContain(name);
    }
    const alone = taskOf(engine, undefined, settingsOf("fgd"));
    expect(Object.keys((await alone.outcome({ whole: true })).errors as object)).toEqual(["student"]);
    for (const one of [task, alone]) one.destroy();
  });

  test("under MKD the student answers for whole images, without a decoder", async () => {
    const alone = taskOf(engine, undefined);
    const masked = taskOf(engine, teacher, settingsOf("mkd", { "mkd.ratio": 0.75 }));
    expect(await masked.weights()).toEqual(await alone.weights());
    const [own, views] = [await alone.snapshot([0, 1]), await masked.snapshot([0, 1])];
    expect(views.student).toEqual(own.student);
    const hidden = views.maps.find(({ view }) => view === "visible.input");
    expect([...(hidden?.data ?? [])].filter((v) => v === 0)).toHaveLength(6);
    expect(await masked.evaluate(6)).toEqual(await alone.evaluate(6));
    for (const task of [alone, masked]) task.destroy();
  });

  test("under MKD objects that the mask hides are no positives, unless nothing is too little to see", async () => {
    const positives = async (more: Record<string, number | string>) => {
      const task = taskOf(engine, teacher, settingsOf("mkd", { "mkd.ratio": 0.75, batch: 12, ...more }));
      const found = (await task.pulls([0])).positives[0].reduce((a, b) => a + b);
      task.destroy();
      return found;
    };
    const all = await positives({ "mkd.leastVisible": 0 });
    const [some, few] = [await positives({}), await positives({ "mkd.leastVisible": 1 })];
    expect(all).toBeGreaterThan(some);
    expect(some).toBeGreaterThan(few);
    expect([await positives({ "mkd.passes": "two" }), await positives({ "mkd.ratio": 0 })]).toEqual([all, all]);
  });

  test("a run says what its terms weighed in the end, where a teacher had them weighed", async () => {
    const task = taskOf(engine, teacher, settingsOf("fitnet", { "fitnet.alpha": 7 }));
    expect((await task.outcome({ whole: true })).weights).toEqual({ "fitnet.alpha": 7 });
    const alone = taskOf(engine, undefined, settingsOf("fitnet"));
    expect(await alone.outcome({ whole: true })).not.toHaveProperty("weights");
    for (const one of [task, alone]) one.destroy();
  });

  test("under MKD the share that is hidden is told as it is, and a grid that does not fit the images is refused", async () => {
    const task = taskOf(engine, teacher, settingsOf("mkd", { "mkd.patchPixels": "16" }));
    expect((await task.outcome({ whole: true })).hidden).toBe(5 / 16);
    const settings = settingsOf("mkd", { "mkd.patchPixels": "64" });
    expect(() => task.check(settings)).toThrow(/mkd.patchPixels cannot be "64". Images of 64 pixels are no grid of squares of 64/);
    expect(() => taskOf(engine, teacher, settingsOf("mkd", { "mkd.tokenPixels": "64" }))).toThrow(/mkd.tokenPixels cannot be "64"/);
    expect(conflictsOf(settings)).toEqual({ "mkd.patchPixels": expect.stringMatching(/^Images of 64/) });
    for (const one of [{ ...settings, side: 128 }, { ...settings, "mkd.variant": "vanilla" }, settingsOf("samkd")])
      expect(conflictsOf(one)).toEqual({});
    task.destroy();
  });

  test("tells which level, regions and shape each map has, the features of student and teacher among them", async () => {
    const task = taskOf(engine, teacher);
    const { maps } = await task.snapshot([0, 1, 2]);
    for (const { view, at, shape, data } of maps) {
      expect(Object.keys(at), view).toEqual(task.method.views[view].axes);
      expect(
        shape.reduce((a, b) => a * b, 1),
        view,
      ).toBe(data.length);
      expect(shape[0], view).toBe(3);
    }
    const finest = maps.filter(({ at }) => at.level === 0).map(({ view, at: { regions } }) => [view, regions]);
    expect(finest).toContainEqual(["mask", 4]);
    expect(finest).toContainEqual(["teacher", undefined]);
    expect(finest).toContainEqual(["student", undefined]);
    task.destroy();
  });

  test("gives the student anchors of as many strides as asked for, or fitted to the boxes, beside a teacher with others", async () => {
    const anchorOf = (anchors?: string) => {
      const task = taskOf(engine, teacher, settingsOf("samkd", anchors ? { anchors } : {}));
      task.destroy();
      return task.config.anchor;
    };
    expect([anchorOf(), anchorOf("4"), anchorOf("8"), config.anchor]).toEqual([2, 4, 8, 4]);
    const truths = Array.from({ length: dataset.train.count }, (_, i) => dataset.train.truths(i)).flat();
    expect(anchorOf("fitted")).toBe(fittedAnchor(config, truths));
  });

  test("a teacher's file that does not tell its anchors has those of four strides", async () => {
    const { anchor, ...untold } = config;
    const weights = initDetector(config, 9);
    expect((await readDetector(writeDetector({ weights, config: untold as typeof config }, dataset), "old")).config).toEqual(config);
    expect(anchor).toBe(4);
  });

  test("refuses to compare boxes that are measured by other anchors", async () => {
    const atss = { ...config, kind: "atss" as const };
    const other = await readDetector(writeDetector({ weights: initDetector(atss, 9), config: atss }, dataset), "atss.safetensors");
    expect(() => taskOf(engine, other, settingsOf("freekd", { detector: "atss" }))).toThrow(
      /atss.safetensors\. FreeKD compares boxes, which the teacher measures by anchors of 4 .*freekd.boxes to off/,
    );
    for (const more of [{ anchors: "4" }, {}])
      taskOf(engine, other, settingsOf(more.anchors ? "freekd" : "mgd", { detector: "atss", ...more })).destroy();
    taskOf(engine, teacher, settingsOf("freekd")).destroy();
  });

  test("a teacher of another kind teaches features; what its heads say is compared by none, and it is said why", async () => {
    const other = (preset: string, more = {}) => settingsOf(preset, { detector: "fcos", teacherDetector: "gfl", ...more });
    for (const [preset, key] of [
      ["samkd", "samkd.sld"],
      ["freekd", "freekd.boxes"],
    ]) {
      const refused = () => taskOf(engine, teacher, other(preset));
      expect(refused).toThrow(/teacher.safetensors\. .* do not say the same: GFL .*, the student's FCOS /);
      expect(refused).toThrow(`set ${key} to off`);
      expect(conflictsOf(other(preset))).toEqual({ [key]: expect.stringMatching(/do not say the same/) });
      expect(conflictsOf({ ...other(preset), [key]: "off" })).toEqual({});
      const task = taskOf(engine, teacher, other(preset, { [key]: "off" }));
      expect(() => task.check(other(preset))).toThrow(`set ${key} to off`);
      task.destroy();
    }
    expect(() => taskOf(engine, teacher, other("logit"))).toThrow(/class scores.*choose a method that compares features/);
    expect(conflictsOf(other("logit", { teacher: "none" }))).toEqual({});
    const weights: number[] = [];
    for (const preset of ["fitnet", "mgd", "fgd", "pkd", "mkd", "dmkd"]) {
      const task = taskOf(engine, teacher, other(preset));
      weights.push(...Object.values(await task.prepare(0)));
      task.destroy();
    }
    for (const weight of weights) expect(weight).toBeGreaterThan(0);
    expect(weights.length).toBeGreaterThanOrEqual(9);
  });

  test("the student begins with the teacher's neck and head where that is wanted and they are of one shape", async () => {
    const { channels, stacked } = config;
    const task = taskOf(engine, teacher, settingsOf("mgd", { inherit: "on", channels, stacked }));
    const weights = await task.weights();
    expect(weights.get("bbox_head.gfl_cls.weight")).toEqual(teacher.weights.get("bbox_head.gfl_cls.weight"));
    expect(weights.get("backbone.conv1.weight")).toEqual(initDetector(task.config, 5).get("backbone.conv1.weight"));
    task.destroy();
    const refused = () => taskOf(engine, teacher, settingsOf("mgd", { inherit: "on" }));
    expect(refused).toThrow(/nothing to inherit.*of 12 channels.*of 8\. Set channels to 12/);
    taskOf(engine, undefined, settingsOf("mgd", { inherit: "on" })).destroy();
  });

  test("a student on ViTDet learns from the teacher, in a file that reads back; what cannot be is said", async () => {
    const vit = { backbone: "vitdet", vitWidth: 8, vitDepth: 2, vitHeads: 2, window: 2, globals: 1 };
    const task = taskOf(engine, teacher, settingsOf("samkd", vit));
    const { grads, outputs } = task.trace(new Graph(engine));
    const reader = gradientReader(task.params, grads);
    const program = await Program.compile(grads.graph, { ...outputs, ...reader.outputs });
    task.load(0);
    const gradients = reader.read(await program.fetch());
    program.dispose();
    for (const name of [
      "student.backbone.patch_embed.proj.weight",
      "student.backbone.blocks.0.attn.qkv.weight",
      "student.neck.simfp.0.up.weight",
    ])
      expect(Math.hypot(...gradients.get(name)!), name).toBeGreaterThan(0);
    const read = await readDetector(writeDetector({ weights: await task.weights(), config: task.config }, dataset), "student");
    expect(read.config).toEqual(task.config);
    expect(describeDetector(read)).toBe("GFL, ViTDet of 2 blocks, width 8, pyramid 8");
    task.destroy();
    expect(() => taskOf(engine, teacher, settingsOf("mkd", { ...vit, "mkd.encoder": "on" }))).toThrow(/no maps of three strides/);
    taskOf(engine, teacher, settingsOf("mkd", vit)).destroy();
    expect(conflictsOf(settingsOf("samkd", { ...vit, window: 3 })).backbone).toContain("Windows of 3 do not tile 4 x 4 tokens");
    expect(() => taskOf(engine, undefined, settingsOf("samkd", { ...vit, vitHeads: 3 }))).toThrow(
      "a width of 8 cannot be shared by 3 heads",
    );
  });

  test("a student on a ResNeXt tracks its batch's statistics, and leaves them where they are frozen", async () => {
    const tracked = async (norm: string) => {
      const task = taskOf(engine, undefined, settingsOf("mgd", { backbone: "resnext", cardinality: "4", norm }));
      expect(task.config).toMatchObject({ block: "bottleneck", cardinality: 4, groupWidth: 4, norm: "bn" });
      const { grads, outputs } = task.trace(new Graph(engine));
      const program = await Program.compile(grads.graph, outputs);
      task.load(0);
      await program.fetch();
      program.dispose();
      const weights = await task.weights();
      task.destroy();
      return weights.get("backbone.layer1.0.bn2.running_mean")!.data;
    };
    expect((await tracked("bn")).some((v) => v !== 0)).toBe(true);
    expect((await tracked("frozen")).every((v) => v === 0)).toBe(true);
  });

  test("refuses a teacher of other classes, and says which these are, or of a pyramid of other levels", async () => {
    const [first, ...others] = dataset.classes;
    const knows = async (classes: string[]) => {
      const own = { ...config, classes: classes.length };
      return readDetector(writeDetector({ weights: initDetector(own, 9), config: own }, { ...dataset, classes }), "big.safetensors");
    };
    const more = await knows([...dataset.classes, "boat", "plane"]);
    expect(() => taskOf(engine, more)).toThrow(
      /^big\.safetensors knows the classes .* this data has .*: only it knows boat, plane\. Train a/,
    );
    const fewer = await knows([...others, "boat"]);
    expect(() => taskOf(engine, fewer)).toThrow(`: only it knows boat, and it does not know ${first}. `);
    expect(() => runtime.networks.assertFits(more, dataset)).toThrow("only it knows boat, plane");
    const tall = { ...config, levels: 5 };
    const teacher = await readDetector(writeDetector({ weights: initDetector(tall, 9), config: tall }, dataset), "tall.safetensors");
    expect(() => taskOf(engine, teacher)).toThrow(
      "The teacher tall.safetensors has 5 pyramid levels, the student 3. Train a teacher that fits",
    );
  });

  test("refuses a teacher for images of another size, by name", async () => {
    const large = { ...config, image: 128 };
    const scenes = detectionScenes({ side: 128, train: 1, test: 1, seed: 3 });
    const other = await readDetector(writeDetector({ weights: initDetector(large, 9), config: large }, scenes), "large.safetensors");
    expect(() => taskOf(engine, other)).toThrow(/large.safetensors expects images of 128 pixels; this data has 64/);
  });
});
