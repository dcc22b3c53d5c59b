/** A Segmenter is taught in the page: its masks beside the true ones, and how the teacher's mask follows the slider. */
import { expect, test } from "@playwright/test";
import { pngBytes } from "../src/data/png.fixture";
import {
  button,
  expectNoViolations,
  exportAs,
  LONG,
  phase,
  picture,
  QUICK_KERNELS,
  runToEnd,
  says,
  stepOf,
  stepReaches,
  upload,
} from "./page";

/** A student as small as there are, so that a software adapter trains it. */
const SMALL = `./?preset=segmenter&batch=2&width=16&depth=1&heads=2&decoder=linear&evaluate=1000&${QUICK_KERNELS}`;

test.describe.configure({ timeout: 4 * LONG });

test("images and their true masks show at once, in words too, and fit a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(SMALL);
  await expect(page.locator('[data-layer="truth"] canvas')).toHaveCount(6);
  await expect(page.locator('[data-layer="truth"] canvas').first()).toHaveAttribute("aria-label", /^Truth, image 1/);
  await expect(page.locator(".class-key li")).toHaveText(["background", "disc", "cross", "heart", "ring", "triangle", "square", "star"]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("it trains, moving the share changes what the teacher sees on the next step, and it ends with IoU by class", async ({ page }) => {
  await page.goto(`${SMALL}&steps=24`);
  await phase(page, "ready");
  const kept = async () => Number(await picture(page).getAttribute("data-kept"));
  await expect.poll(kept, { timeout: LONG }).toBe(48);
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await button(page, "25 %").click();
  await expect.poll(kept, { timeout: LONG }).toBe(16);
  const before = await stepOf(page);
  await button(page, "Continue").click();
  await phase(page, "finished");
  expect(await stepOf(page)).toBeGreaterThan(before);
  await expect(page.locator("[data-chart=loss] .summary")).toContainText("manifold, teacher");
  await expect(page.locator('[data-layer="student"] canvas')).toHaveCount(6);
  await expect(page.locator('[data-layer="teacher"] canvas')).toHaveCount(6);
  await expect(page.locator(".class-scores tbody tr")).toHaveCount(8);
  await expect(page.locator(".verdict")).toContainText("mean IoU");
  await expect(page.locator(".cost")).toContainText("16 patches");
  await expectNoViolations(page);
});

test("a picture of one's own has a mask beside the others', and the patches that the teacher is shown of it", async ({ page }) => {
  await page.goto(`${SMALL}&steps=24`);
  await phase(page, "ready");
  await expect(page.getByRole("button", { name: "Camera" })).toBeEnabled({ timeout: LONG });
  const samples = new Uint8Array(3 * 48 * 64).fill(200);
  await page
    .getByLabel("Own picture file")
    .setInputFiles(upload("own.png", pngBytes({ width: 64, height: 48, depth: 8, colour: 2, samples })));
  for (const layer of ["kept", "teacher", "student"]) {
    const mine = page.locator(`[data-layer="${layer}"] .own`);
    await expect(mine).toHaveText("yours", { timeout: LONG });
    await expect(mine.locator("canvas")).toHaveAttribute("aria-label", /, your picture\. /);
    await expect(page.locator(`[data-layer="${layer}"] canvas`)).toHaveCount(7);
  }
  await expect(page.locator('[data-layer="truth"] canvas')).toHaveCount(6);
  await expect(page.locator('[data-layer="kept"] .own canvas')).toHaveAttribute("data-kept", "48");
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
  await says(page.locator("#teacher"), "Segmenter, width 16, 1 block, linear decoder");
});
