/** A YOLOS is taught in the page: boxes and what the teacher is not shown, and how that follows the slider. */
import { expect, test } from "@playwright/test";
import { pngBytes } from "../src/data/png.fixture";
import { detectionScene, detectionScenes } from "../src/data/scenes.detection";
import { initYolos } from "../src/models/yolos/config";
import { writeNetwork } from "../src/tasks/yolos/network";
import {
  button,
  expectNoViolations,
  exportAs,
  LONG,
  phase,
  QUICK_KERNELS,
  runToEnd,
  says,
  stepOf,
  stepReaches,
  type Upload,
  upload,
} from "./page";

/** A student as small as there are, so that a software adapter trains it. */
const SMALL = `./?preset=yolos&batch=2&width=16&depth=1&heads=2&evaluate=1000&${QUICK_KERNELS}`;

/** A teacher that has learned nothing: none comes with the page. */
function teacher(): Upload {
  const shared = { image: 64, patch: 8, channels: 3, classes: 0, width: 16, depth: 1, heads: 2, headDim: 8, mlp: 64 };
  const encoder = { ...shared, activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 } as const;
  const data = detectionScenes({ side: 64, train: 1, test: 1, seed: 1 });
  const config = { encoder, tokens: 16, classes: data.classes.length };
  return upload("teacher.safetensors", writeNetwork({ weights: initYolos(config, 1), config }, data));
}

test.describe.configure({ timeout: 4 * LONG });

test("images and their boxes show at once, in words too, and fit a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(SMALL);
  await expect(page.locator(".scenes li")).toHaveCount(6);
  await expect(page.locator(".scenes button").first()).toHaveAttribute("aria-label", /^Image 1: \d objects?/);
  expect(await page.locator(".scene .truth rect").count()).toBeGreaterThan(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("it trains, moving the share changes what the teacher sees on the next step, and it ends with average precision", async ({ page }) => {
  await page.goto(`${SMALL}&steps=24`);
  await page.getByLabel("Teacher file").setInputFiles(teacher());
  await phase(page, "ready");
  const found = page.locator(".found");
  const kept = async () => Number(await found.getAttribute("data-kept"));
  await expect.poll(kept, { timeout: LONG }).toBe(32);
  const hatched = page.getByLabel("hatch what the teacher is not shown (32 of 64 patches)");
  const picture = () => page.locator(".scene image").getAttribute("href");
  const before = await picture();
  await hatched.uncheck();
  expect(await picture()).not.toBe(before);
  await hatched.check();
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await button(page, "25 %").click();
  await expect.poll(kept, { timeout: LONG }).toBe(16);
  const step = await stepOf(page);
  await button(page, "Continue").click();
  await phase(page, "finished");
  expect(await stepOf(page)).toBeGreaterThan(step);
  await expect(page.locator("[data-chart=loss] .summary")).toContainText("patch tokens, teacher");
  await expect(page.locator(".cost")).toContainText("16 patches");
  await expect(page.locator(".verdict")).toContainText("average precision");
  await expectNoViolations(page);
});

test("a picture of one's own is looked at, hatched where the teacher is shown nothing of it", async ({ page }) => {
  await page.goto(`${SMALL}&steps=24`);
  await page.getByLabel("Teacher file").setInputFiles(teacher());
  await phase(page, "ready");
  // The run with this teacher, not the one before it.
  await expect(page.locator(".found")).toHaveAttribute("data-kept", "32", { timeout: LONG });
  const { image: samples } = detectionScene(7, "test", 0, 64);
  const mine = upload("own.png", pngBytes({ width: 64, height: 64, depth: 8, colour: 2, samples }));
  await expect(page.getByRole("button", { name: "Camera" })).toBeEnabled({ timeout: LONG });
  await page.getByLabel("Own picture file").setInputFiles(mine);
  const own = page.getByRole("button", { name: /^Your picture: / });
  await expect(own).toHaveAttribute("aria-label", /The student finds .*, the teacher /, { timeout: LONG });
  await says(page.locator(".found-list"), "Your picture. The student finds");
  const picture = () => own.locator("image").getAttribute("href");
  const hatched = await picture();
  await page.getByLabel("hatch what the teacher is not shown").uncheck();
  expect(await picture()).not.toBe(hatched);
  await expect(page.locator(".scenes li")).toHaveCount(7);
  await expectNoViolations(page);
});

test("a finished student leaves as a file and comes back as a teacher", async ({ page }) => {
  await page.goto(`${SMALL}&teacher=none&steps=3`);
  await phase(page, "ready");
  await runToEnd(page);
  const saved = page.waitForEvent("download");
  await exportAs(page, "Download student");
  const path = await (await saved).path();
  await button(page, "With a teacher").click();
  await page.getByLabel("Teacher file").setInputFiles(path);
  await says(page.locator("#teacher"), "imported, kept on this device");
  await says(page.locator("#teacher"), "YOLOS, width 16, 1 block, 16 detection tokens");
});
