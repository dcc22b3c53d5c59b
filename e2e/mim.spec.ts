/** Masked image modelling: an encoder and its decoder learn without labels, the hidden share acts live, and the encoder can be taken away. */
import { expect, test } from "@playwright/test";
import { teacherFile } from "../src/tasks/mim/task.fixture";
import { button, expectNoViolations, exportAs, LONG, PATCHES, phase, QUICK_KERNELS, stepOf, stepReaches, upload } from "./page";

test.describe.configure({ timeout: 6 * LONG });

test("it trains, pictures show what is hidden and told, and the encoder is downloaded", async ({ page }) => {
  const decoder = "mim.decoderWidth=16&mim.decoderDepth=1&mim.decoderHeads=2";
  await page.goto(`./?preset=mim&batch=4&width=16&depth=1&heads=2&${decoder}&steps=5000&evaluate=5000&${QUICK_KERNELS}`);
  await phase(page, "ready");
  await expect(page.locator("#teacher")).toContainText("There is none");
  await button(page, "Start").click();
  await stepReaches(page, 3);
  const seen = page.locator("[data-layer=seen] canvas").first();
  await expect(seen).toHaveAttribute("data-kept", String(PATCHES / 4), { timeout: LONG });
  await expect(page.locator("[data-layer=told] canvas").first()).toBeVisible();
  const ratio = page.locator('[id="set-mim.ratio"]');
  await ratio.fill("0.5");
  await ratio.press("Enter");
  await expect(seen).toHaveAttribute("data-kept", String(PATCHES / 2), { timeout: LONG });
  await stepReaches(page, (await stepOf(page)) + 2);
  await button(page, "Stop").click();
  await phase(page, "finished");
  await expect(page.locator(".verdict")).toContainText("never saw a label");
  const download = page.waitForEvent("download");
  await exportAs(page, "Download student");
  expect((await download).suggestedFilename()).toMatch(/\.safetensors$/);
  await expectNoViolations(page);
});

test("a masked autoencoder's file teaches a smaller one, and pictures show how far its features are", async ({ page }) => {
  const decoder = "g2sd.decoderWidth=16&g2sd.decoderDepth=1&g2sd.decoderHeads=2";
  await page.goto(`./?preset=g2sd&batch=4&width=16&depth=1&heads=2&${decoder}&steps=5000&evaluate=5000&${QUICK_KERNELS}`);
  await phase(page, "ready");
  await expect(page.locator("#teacher")).toContainText("There is no teacher for this data yet.");
  await expect(button(page, "Learn alone")).toHaveCount(0);
  await button(page, "Start").click();
  await expect(page.locator("#teacher")).toContainText("Train one, or import one.");
  const file = page.getByLabel("Teacher file");
  await file.setInputFiles(upload("mae.safetensors", teacherFile(32)));
  await expect(page.locator("#teacher")).toContainText("a decoder of width 12, 1 block", { timeout: LONG });
  await button(page, "Start").click();
  await stepReaches(page, 2);
  const errors = page.locator("[data-layer=errors] canvas").first();
  await expect(errors).toBeVisible({ timeout: LONG });
  await expect(page.locator("[data-layer=seen] canvas").first()).toHaveAttribute("data-kept", String(PATCHES / 4));
  await page.getByText("All settings").click();
  await page.locator('[id="set-g2sd.tokens"]').selectOption("hidden");
  await stepReaches(page, (await stepOf(page)) + 2);
  await button(page, "Stop").click();
  await phase(page, "finished");
  const download = page.waitForEvent("download");
  await exportAs(page, "Download student");
  expect((await download).suggestedFilename()).toMatch(/\.safetensors$/);
  await expectNoViolations(page);
});
