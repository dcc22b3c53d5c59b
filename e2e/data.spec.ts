/** The visitor's own images and teachers, in Chromium on a software adapter. */
import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import { PNG } from "pngjs";
import { file, zipOf } from "../src/data/files.fixture";
import { readSafetensors, writeSafetensors } from "../src/models/safetensors";
import { hasShared, sharedBytes } from "../src/models/shared.fixture";
import { initViT } from "../src/models/vit/config";
import { DEIT_S } from "../src/models/vit/vit.fixture";
import { button, data, exportAs, give, LONG, open, phase, says, status, stepOf, stepReaches, type Upload, upload } from "./page";

const teacher = (page: Page) => page.locator("#teacher");

/** A picture of noise around a gray. */
function png(gray: number, side = 20): Uint8Array {
  const picture = new PNG({ width: side, height: side });
  picture.data.forEach((_, i) => {
    picture.data[i] = i % 4 === 3 ? 255 : gray + ((i * 37) % 60);
  });
  return PNG.sync.write(picture);
}

/** A zip with a folder each of dark and bright pictures. */
const brightness = (count = 20) =>
  zipOf(["dark", "bright"].flatMap((name, c) => Array.from({ length: count }, (_, i) => file(`${name}/${i}.png`, png(20 + 150 * c)))));

const fashion = (set: string) =>
  ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"].map((part) => {
    const name = `${set}-${part}-ubyte.gz`;
    return upload(name, sharedBytes(`fashion-mnist/${name}`));
  });

/** What the page's worker says of each step. */
async function listen(page: Page): Promise<() => Promise<{ losses: Record<string, number> }[]>> {
  await page.addInitScript(() => {
    const reports: unknown[] = [];
    Object.assign(window, { reports });
    window.Worker = class extends Worker {
      constructor(...given: ConstructorParameters<typeof Worker>) {
        super(...given);
        this.addEventListener("message", ({ data }) => data.type === "step" && reports.push(data.report));
      }
    };
  });
  return () => page.evaluate("reports");
}

test.describe("Fashion-MNIST", () => {
  test.skip(!hasShared, "no shared test data");

  test("is learned from its files: the loss falls and the student clearly beats chance", async ({ page }) => {
    const reports = await listen(page);
    await open(page, "&batch=16&width=24&steps=300&evaluate=300&lr=0.003&teacher=none&augment=none");
    await give(page, ...fashion("five"));
    await says(data(page), "3,000 images to learn from, 750 held out, 32 × 32 gray");
    await phase(page, "ready");
    await button(page, "Start").click();
    await phase(page, "finished");
    const losses = (await reports()).map(({ losses }) => losses.ce);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(losses).toHaveLength(300);
    expect(mean(losses.slice(-20))).toBeLessThan(0.8 * mean(losses.slice(0, 20)));
    const [, held] = /Held-out accuracy (\d+) %/.exec(await status(page).innerText())!;
    expect(Number(held)).toBeGreaterThan(40); // guessing names 20 %
  });
});

test("a zip dropped on the page becomes the data, and Scenes come back", async ({ page }) => {
  await open(page);
  await says(data(page), "Your images never leave this tab.");
  const zip = Buffer.from(await brightness()).toString("base64");
  const transfer = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "lamps.zip"));
    return transfer;
  }, zip);
  await page.dispatchEvent("main", "dragover", { dataTransfer: transfer });
  await expect(page.getByText("Drop to learn from these images")).toBeVisible();
  await page.dispatchEvent("main", "drop", { dataTransfer: transfer });
  await says(data(page), "lamps (yours)");
  await says(data(page), "34 images to learn from, 6 held out");
  await expect(page.locator(".pictures [data-strip]").first().locator("canvas")).toHaveCount(6);
  await expect(page.locator(".pictures")).toContainText("bright");
  await says(teacher(page), "There is no teacher for this data yet.");
  await button(page, "Start").click();
  await says(teacher(page).getByRole("alert"), "Train one, import one, or let the student learn alone.");
  await button(page, "48 px").click();
  await says(data(page), "48 × 48 colour");
  await expect.poll(() => new URL(page.url()).searchParams.get("side")).toBe("48");
  await button(page, "Back to Scenes").click();
  await says(data(page), "8,000 images to learn from, 1,000 held out, 48 × 48 colour");
});

/** Files that cannot be used, and words of what is said of them. */
async function badFiles(): Promise<[Upload[], RegExp][]> {
  const zip = async (name: string, files: Record<string, Uint8Array>) =>
    upload(name, await zipOf(Object.entries(files).map(([path, bytes]) => file(path, bytes))));
  const vast = png(9);
  new DataView(vast.buffer, vast.byteOffset).setUint32(16, 25_000);
  new DataView(vast.buffer, vast.byteOffset).setUint32(20, 20_000);
  return [
    [
      [upload("a-images-idx3-ubyte.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3))],
      /a-images-idx3-ubyte\.gz is a damaged or incomplete gzip/,
    ],
    [[upload("pets.zip", (await brightness(2)).slice(0, 300))], /pets\.zip is a damaged zip/],
    [[upload("data_batch_1.bin", new Uint8Array(5000))], /data_batch_1\.bin has 5000 bytes/],
    [[upload("train-images-idx3-ubyte", Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 2, 1))], /announces 9 x 2 x 2 values/],
    [[upload("notes.txt", Uint8Array.of(65))], /no images among the chosen files/],
    [[await zip("cats.zip", { "cat/1.png": png(1), "cat/2.png": png(2) })], /has one class only \(cat\)/],
    [[await zip("broken.zip", { "a/1.png": png(1), "b/1.png": png(2).slice(0, 60), "b/2.png": png(3) })], /b\/1\.png is damaged/],
    [[await zip("vast.zip", { "a/1.png": png(1), "b/1.png": vast, "b/2.png": png(3) })], /25000 x 20000 pixels, 500 megapixels/],
  ];
}

test("files that cannot be used are refused where they were given, and the run goes on", async ({ page }) => {
  await open(page, "&steps=100000");
  await button(page, "Start").click();
  await stepReaches(page, 2);
  for (const [files, words] of await badFiles()) {
    await give(page, ...files);
    await says(data(page).getByRole("alert"), words);
  }
  const vit = initViT({ ...DEIT_S, image: 32, patch: 8, classes: 3, width: 8, depth: 1, heads: 2, headDim: 4, mlp: 16 }, 1);
  const wrong: [Upload, RegExp][] = [
    [
      upload(
        "junk.safetensors",
        Uint8Array.from({ length: 64 }, (_, i) => i),
      ),
      /junk\.safetensors/,
    ],
    [
      upload("net.safetensors", writeSafetensors(new Map([["fc.weight", { shape: [1], data: Float32Array.of(1) }]]))),
      /not the names of a ViT/,
    ],
    [
      upload("other.safetensors", writeSafetensors(vit, { heads: "2" })),
      /other\.safetensors knows 3 classes, whose names its file does not say; this data has 12\./,
    ],
  ];
  const silent = upload("silent.safetensors", writeSafetensors(vit));
  wrong.push([silent, /how many attention heads/]);
  for (const [net, words] of wrong) {
    await page.getByLabel("Teacher file").setInputFiles([net]);
    await says(teacher(page).getByRole("alert"), words);
  }
  await expect(page.getByLabel("Attention heads")).toBeVisible();
  await says(data(page), "Scenes");
  const before = await stepOf(page);
  await stepReaches(page, before + 2);
  await phase(page, "running");
});

test("a teacher is trained in the page, kept for next time, and teaches; a resumed run asks for its own images", async ({ page }) => {
  test.setTimeout(300_000);
  await open(page, "&steps=400");
  const lamps = upload("lamps.zip", await brightness());
  await give(page, lamps);
  await says(data(page), "lamps (yours)");
  await teacher(page).getByLabel("Size").selectOption("tiny");
  await teacher(page).getByLabel("Steps").fill("2000");
  await button(page, "Train a teacher").click();
  await says(teacher(page), /Step [3-9] of 2,000|Step \d\d+ of 2,000/);
  await button(page, "Stop and use it").click();
  await says(teacher(page), "trained here, kept on this device");
  await expect(page.locator(".pictures canvas").first()).toHaveAttribute("data-kept", "32");
  await phase(page, "ready");
  await button(page, "Start").click();
  await stepReaches(page, 3);
  await button(page, "Pause").click();
  await phase(page, "paused");
  const step = await stepOf(page);
  await page.waitForTimeout(1000); // the run is kept a moment after the pause
  await page.reload();
  await phase(page, "ready");
  await button(page, `Resume at step ${step}`).click();
  await says(data(page), "The saved run learned from lamps (yours), which is not loaded.");
  await give(page, lamps);
  await stepReaches(page, step + 2);
  await says(teacher(page), "trained here, kept on this device");
});

test("a guide has to be imported before it can choose, and then chooses during the run", async ({ page }) => {
  await open(page, "&steps=100000");
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await page.getByLabel("Chosen by", { exact: true }).selectOption("guide");
  await says(page.locator(".control[data-key=criterion]").getByRole("alert"), "There is no guide yet.");
  await expect(page.getByLabel("Chosen by", { exact: true })).toHaveValue("student");
  const vit = initViT({ ...DEIT_S, image: 24, patch: 6, classes: 0, width: 8, depth: 1, heads: 2, headDim: 4, mlp: 16 }, 1);
  await page.getByLabel("Guide file").setInputFiles([upload("dino.safetensors", writeSafetensors(vit, { heads: "2" }))]);
  await says(teacher(page), "Loaded: dino.safetensors");
  await page.getByLabel("Chosen by", { exact: true }).selectOption("guide");
  await expect(page.locator(".chart").getByText("guide").first()).toBeVisible({ timeout: LONG });
  const before = await stepOf(page);
  await stepReaches(page, before + 2);
  await phase(page, "running");
});

test("a student goes out as a file that comes back as a teacher", async ({ page }) => {
  await open(page, "&steps=4&evaluate=4");
  await button(page, "Start").click();
  await phase(page, "finished");
  const [download] = await Promise.all([page.waitForEvent("download"), exportAs(page, "Download student")]);
  expect(download.suggestedFilename()).toBe("student-of-scenes-4-steps.safetensors");
  const tensors = readSafetensors(await readFile(await download.path()));
  expect(tensors.get("patch_embed.proj.weight")?.shape).toEqual([16, 3, 4, 4]);
  expect([...tensors.keys()]).toContain("blocks.0.attn.qkv.weight");
  const [graph] = await Promise.all([page.waitForEvent("download"), exportAs(page, "As ONNX")]);
  expect(graph.suggestedFilename()).toBe("student-of-scenes-4-steps.onnx");
  await page.getByLabel("Teacher file").setInputFiles(await download.path());
  await says(teacher(page), /ViT, width 16, 1 block, 2 heads/);
  await says(teacher(page), "imported, kept on this device");
  await button(page, "Remove it").click();
  await says(teacher(page), "comes with this page");
  await page.getByLabel("Student file").setInputFiles(await download.path());
  await says(teacher(page), "ViT, width 16, 1 block, 2 heads. Patches, width, depth and heads are its own.");
  await says(teacher(page), "began otherwise");
  await button(page, "Begin fresh").click();
  await says(teacher(page), "Fresh weights, drawn by the seed.");
});
