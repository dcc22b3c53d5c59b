/** Firefox trains, too: its WebGPU is another implementation. */
import { expect, test } from "@playwright/test";
import { launchFirefox } from "./browsers";

test("Firefox trains a few steps", async ({ baseURL }) => {
  const browser = await launchFirefox();
  try {
    const page = await browser.newPage();
    await page.goto(`${baseURL}?batch=8&width=16&depth=1&heads=2&steps=6&evaluate=1000000`);
    await page.waitForSelector('[data-phase="ready"]', { timeout: 90_000 });
    await page.locator("button.go").click();
    await page.waitForSelector('[data-phase="finished"]', { timeout: 90_000 });
    expect(await page.$eval("progress", (bar) => bar.dataset.step)).toBe("6");
  } finally {
    await browser.close();
  }
});
