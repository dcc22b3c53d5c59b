/** A detector is taught in the page: what it finds, what is erased, and how both follow the settings. */
import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import { file, zipOf } from "../src/data/files.fixture";
import { pngBytes } from "../src/data/png.fixture";
import { detectionScene } from "../src/data/scenes.detection";
import { hasShared, sharedBytes, sharedPaths } from "../src/models/shared.fixture";
import {
  button,
  data,
  endedRuns,
  expectNoViolations,
  give,
  keptSteps,
  LONG,
  phase,
  QUICK_KERNELS,
  runToEnd,
  says,
  stepOf,
  stepReaches,
  upload,
} from "./page";

/** A student as small as there are, so that a software adapter trains it. */
const SIZES = "batch=2&stem=4&channels=8&stacked=0&evaluate=1000";
const SMALL = `./?preset=samkd&${SIZES}&${QUICK_KERNELS}`;

// Many kernels are compiled for the first step, and the teacher is of full size.
test.describe.configure({ timeout: 6 * LONG });

const mask = (page: Page) => page.locator("[data-map=mask] canvas");
const kept = async (page: Page) => Number(await mask(page).getAttribute("data-kept"));

test("scenes with their objects show at once, in words too, and fit a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(SMALL);
  const scenes = page.locator(".scenes button");
  await expect(scenes).toHaveCount(6);
  await expect(scenes.first()).toHaveAttribute("aria-label", /^Image 1: \d objects?/);
  await scenes.nth(1).press("Enter");
  await expect(scenes.nth(1)).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator(".found-list tbody tr").first()).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a detector trains, its loss is drawn, and moving omega changes what is erased while paused", async ({ page }) => {
  await page.goto(`${SMALL}&steps=30`);
  await phase(page, "ready");
  await button(page, "Start").click();
  await expect.poll(() => stepOf(page), { timeout: 3 * LONG }).toBeGreaterThanOrEqual(1);
  const points = async () => Number(await page.locator("[data-chart=loss]").getAttribute("data-points"));
  const before = await points();
  await stepReaches(page, 4);
  await expect.poll(points).toBeGreaterThan(before);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await expect(page.locator("[data-chart=loss] .summary")).toContainText("features, teacher");
  await expect(mask(page)).toBeVisible();
  const [step, some] = [await stepOf(page), await kept(page)];
  const omega = page.locator('[id="set-samkd.omegaS"]');
  await omega.fill("2");
  await omega.press("Enter");
  await expect.poll(() => kept(page), { timeout: LONG }).toBeGreaterThan(some);
  await omega.fill("0.5");
  await omega.press("Enter");
  await expect.poll(() => kept(page), { timeout: LONG }).toBeLessThan(some);
  expect(await stepOf(page)).toBe(step);
  await page.getByRole("region", { name: "What is erased and regenerated" }).getByLabel("FPN level").selectOption("P4");
  await expect(page.locator("[data-map=reconstruction] canvas")).toBeVisible();
  await expect(page.locator("[data-regions=difference] td")).toHaveCount(4);
  await expect(page.locator(".channels rect")).not.toHaveCount(0);
  await expectNoViolations(page);
});

test("a picture of one's own is looked at while the run is paused and while it goes on, and sent nowhere", async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [64, 48];
      canvas.getContext("2d")?.fillRect(0, 0, 64, 48);
      return canvas.captureStream(10);
    };
  });
  await page.goto(`${SMALL}&steps=30`);
  await phase(page, "ready");
  const panel = page.getByRole("region", { name: /^What is found/ });
  const own = panel.getByRole("button", { name: /^Your picture: / });
  const give = (name: string, bytes: Uint8Array) => panel.getByLabel("Own picture file").setInputFiles(upload(name, bytes));
  const sent: string[] = [];
  await expect(panel.getByRole("button", { name: "Camera" })).toBeEnabled({ timeout: LONG });
  page.on("request", (request) => sent.push(`${request.method()} ${request.url()}`));
  await give("words.txt", new TextEncoder().encode("no picture"));
  await says(panel.getByRole("status"), "words.txt is damaged, or a kind of picture that cannot be read here.");
  await expect(own).toHaveCount(0);
  // The teacher has learned to find what is on such pictures.
  const samples = detectionScene(7, "test", 0, 128).image;
  await give("own.png", pngBytes({ width: 128, height: 128, depth: 8, colour: 2, samples }));
  await expect(own).toHaveAttribute("aria-label", /The student finds (nothing|\d+ objects?), the teacher [1-9]/, { timeout: 3 * LONG });
  await expect(panel.getByRole("status")).toBeEmpty();
  await expect(panel.locator(".scene .teacher rect")).not.toHaveCount(0);
  await says(panel.locator(".found-list"), "Your picture. The student finds");
  await panel.getByRole("button", { name: /^Image 2: / }).press("Enter");
  await says(panel.locator(".found-list"), "Image 2.");
  await own.press("Enter");
  await expect(own).toHaveAttribute("aria-pressed", "true");
  await expectNoViolations(page);
  await button(page, "Step").click();
  await expect(panel).toHaveAttribute("data-look", "1", { timeout: 3 * LONG });
  await expect(own).toHaveAttribute("aria-label", /the teacher [1-9]/);
  const before = await own.locator("image").getAttribute("href");
  await panel.getByRole("button", { name: "Camera" }).press("Enter");
  await expect(panel.getByRole("button", { name: "Camera" })).toBeFocused();
  await expect(own.locator("image")).not.toHaveAttribute("href", before ?? "", { timeout: LONG });
  await expect(own).toHaveAttribute("aria-label", /The student finds/, { timeout: LONG });
  await expect(panel.locator(".scenes button")).toHaveCount(7);
  // Parts of the page itself may be fetched meanwhile.
  expect(sent.filter((one) => !/^GET (data:|blob:|http:\/\/127\.0\.0\.1:\d+\/assets\/[\w.-]+$)/.test(one))).toEqual([]);
});

test("the teacher is of the detector that is wanted, and a row of a table is set up by one choice", async ({ page }) => {
  await page.goto(`./?preset=fitnet&detector=fcos&teacherDetector=gfl&${SIZES}&${QUICK_KERNELS}`);
  await phase(page, "ready");
  const teacher = page.locator("#teacher .what").first();
  await expect(teacher).toContainText("GFL, ResNet of 18 layers");
  await page.locator("#set-preset").selectOption("logit");
  await expect(page.locator("#problem-teacherDetector")).toContainText("do not say the same");
  await page.locator("#set-row").selectOption("samkd-II-sfd");
  await expect(page).toHaveURL(/preset=samkd.*samkd\.sld=off/);
  await expect(page.locator("[id='set-samkd.sld']")).toHaveValue("off");
  await expect(page.locator("#set-preset")).toHaveValue("samkd");
  await expect(teacher).toContainText("GFL");
});

test("when a run ends its errors are measured, and kept to be set beside the next", async ({ page }) => {
  await page.goto(`${SMALL}&teacher=none&steps=1`);
  await phase(page, "ready");
  const panel = page.locator(".error-costs");
  const measure = panel.getByRole("button", { name: "Measure errors now" });
  await expect(measure).toBeDisabled();
  await button(page, "Start").click();
  await expect(panel).toHaveAttribute("data-subjects", "student", { timeout: 5 * LONG });
  await expect(panel.locator("[data-errors=student] .recharts-area")).toHaveCount(7);
  await expect(panel.locator("[data-band]")).toHaveCount(7);
  await expect(panel.locator("[data-tide]")).toHaveCount(6);
  await expect(panel.locator("[data-tide=Miss] td")).toContainText(/\+\d+\.\d/);
  await expect(panel.locator("[data-band=FN] td")).toContainText("100 %");
  await panel.getByLabel("Errors of").selectOption("star");
  await expect(panel.locator("[data-tide]")).toHaveCount(0);
  await panel.getByText("Export").click();
  await panel.getByLabel("Width of a figure").selectOption("174 mm");
  await expectNoViolations(page);
  const [file] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: "SVG" }).click()]);
  expect(file.suggestedFilename()).toBe("masked-distillation-errors-student-star.svg");
  const svg = await readFile(await file.path(), "utf8");
  // What the bands are filled with is defined on the page; it has to come into the file, with colours.
  const filled = new Set(Array.from(svg.matchAll(/url\((?:&quot;)?#(band-\w+)/g), ([, name]) => name));
  expect(filled.size).toBe(7);
  for (const name of filled) expect(svg).toContain(`<pattern id="${name}"`);
  expect(svg).not.toContain("var(--");
  // It is drawn anew at the width of the figure.
  expect(svg).toMatch(/^<svg [^>]*viewBox='0 0 658 /);
  expect(Math.max(...Array.from(svg.matchAll(/ x2="([\d.]+)"/g), ([, end]) => Number(end)))).toBe(648);
  await measure.press("Enter");
  await panel.getByRole("button", { name: "Stop measuring" }).press("Enter");
  await expect(measure).toBeFocused({ timeout: LONG });
  await page.reload();
  await expect(panel).toHaveAttribute("data-subjects", "baseline", { timeout: LONG });
  await expect(panel.locator("[data-errors=baseline]")).toContainText("Run 1");
});

test("features of students that learned at one scale and at all stand beside their teacher's, on one scale, and are exported", async ({
  page,
}) => {
  await page.goto(`${SMALL}&data=scenes%3A24%2C12&steps=1&samkd.regions=1`);
  await phase(page, "ready");
  await runToEnd(page);
  const panel = page.getByRole("region", { name: "Features of several runs" });
  await expect(panel).toHaveCount(0);
  await expect.poll(() => endedRuns(page)).toBe(1);
  await expect.poll(() => keptSteps(page)).toEqual([1]);
  await page.goto(`${SMALL}&data=scenes%3A24%2C12&steps=1`);
  await phase(page, "ready");
  await button(page, "Start a new run").click();
  await stepReaches(page, 1);
  await phase(page, "finished");
  await expect(panel.locator("figcaption")).toHaveText([
    "Image 1",
    "Teacher",
    /^Run 1 samkd\.regions 1, step 1; r = .* with the teacher's$/,
    /^Run 2 samkd\.regions 1\+2\+4, step 1; r = .* with the teacher's$/,
  ]);
  const maps = panel.locator("[data-features] canvas");
  await maps.nth(1).press("ArrowRight");
  await expect(panel.locator(".reading")).toContainText("Run 1. Row 1, column 1: mean |F| ");
  await panel.getByLabel("FPN level").selectOption("P4");
  await panel.getByRole("combobox", { name: "Image" }).selectOption("2");
  await expect(maps.last()).toHaveAttribute("aria-label", /^Run 2\. Image 2, P4, 8 × 8\./);
  await panel.locator(".export summary").click();
  const [file] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: "SVG" }).click()]);
  expect(file.suggestedFilename()).toBe("masked-distillation-features-teacher-2-student-1-student-2.svg");
  const svg = await readFile(await file.path(), "utf8");
  expect(svg.match(/<image /g)).toHaveLength(4);
  expect(svg).toContain("one scale from");
  await page.reload();
  await expect(maps).toHaveCount(3);
  await expectNoViolations(page);
});

test("MKD hides patches of the student's input, r moves how many at once, and what is regenerated is shown", async ({ page }) => {
  await page.goto(`./?preset=mkd&${SIZES}&${QUICK_KERNELS}&steps=30`);
  await phase(page, "ready");
  await button(page, "Start").click();
  await expect.poll(() => stepOf(page), { timeout: 3 * LONG }).toBeGreaterThanOrEqual(2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  const seen = page.locator('[data-map="visible.input"] canvas');
  // 128 pixels are 16 patches of 32; of them r = 0.3 hides 5.
  await expect(seen).toHaveAttribute("data-kept", "11");
  for (const map of ["regenerated", "error"]) await expect(page.locator(`[data-map=${map}] canvas`)).toBeVisible();
  const ratio = page.locator('[id="set-mkd.ratio"]');
  await ratio.fill("0.5");
  await ratio.press("Enter");
  await expect(seen).toHaveAttribute("data-kept", "8", { timeout: LONG });
  const step = await stepOf(page);
  await button(page, "Step").click();
  await expect.poll(() => stepOf(page), { timeout: LONG }).toBe(step + 1);
  await expect(page.locator("[data-chart=loss] .summary")).toContainText("features, teacher");
  await expectNoViolations(page);
});

test.describe("BCCD", () => {
  test.skip(!hasShared, "no shared test data");

  test("is read from a zip with what is odd about it; a broken annotation is left out and named; a student learns from it", async ({
    page,
  }) => {
    const paths = sharedPaths("bccd").filter((path) => /(Annotations|JPEGImages)\/BloodImage_000[0-3]/.test(path));
    const files = paths.map((path) => file(path.slice("bccd/".length), sharedBytes(path)));
    await page.goto(`${SMALL}&teacher=none&steps=2`);
    await phase(page, "ready");
    const broken = files.map((one) => (one.path.endsWith("00001.xml") ? file(one.path, new Uint8Array(0)) : one));
    await give(page, upload("broken.zip", await zipOf(broken)));
    await says(data(page), "broken (yours)");
    await says(data(page), "Annotations/BloodImage_00001.xml, line 1");
    await give(page, upload("cells.zip", await zipOf(files)));
    await says(data(page), "cells (yours)");
    await says(data(page), "3 classes: ");
    await phase(page, "ready");
    await expect(page.locator(".scenes button").first()).toHaveAttribute("aria-label", /^Image 1: \d+ objects/);
    await expect(page.locator(".found-list")).toContainText("RBC");
    await runToEnd(page);
    await button(page, "Back to Scenes").click();
    await says(data(page), "Scenes-Detection");
  });
});
