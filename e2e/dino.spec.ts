/** Self-distillation: a student and its running mean learn without labels, the mask acts live, and the teacher can be taken away. */
import { expect, test } from "@playwright/test";
import { button, expectNoViolations, exportAs, LONG, PATCHES, phase, picture, QUICK_KERNELS, stepOf, stepReaches } from "./page";

test.describe.configure({ timeout: 6 * LONG });

test("it trains, the mask follows the share of patches, frozen features are tested, and the teacher is downloaded", async ({ page }) => {
  await page.goto(`./?preset=dino&batch=4&width=16&depth=1&heads=2&steps=5000&evaluate=5000&${QUICK_KERNELS}`);
  await phase(page, "ready");
  await button(page, "Start").click();
  await stepReaches(page, 3);
  await button(page, "25 %").click();
  await expect(picture(page)).toHaveAttribute("data-kept", String(PATCHES / 4), { timeout: LONG });
  await stepReaches(page, (await stepOf(page)) + 2);
  await button(page, "Stop").click();
  await phase(page, "finished");
  await expect(page.locator(".verdict")).toContainText("held-out images");
  const download = page.waitForEvent("download");
  await exportAs(page, "Download teacher");
  expect((await download).suggestedFilename()).toMatch(/\.safetensors$/);
  await expectNoViolations(page);
});
