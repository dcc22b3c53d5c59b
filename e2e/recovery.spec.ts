/** What survives in a real browser: a killed GPU process, a reload, a wrong file, a part of the page that does not load. */
import { expect, test } from "@playwright/test";
import { button, crashGpu, keptRun, keptSteps, LONG, open, phase, SMALL, status, stepOf, stepReaches, upload } from "./page";

test.describe.configure({ timeout: 4 * LONG });

test("after its GPU process was killed a run goes on by itself from where it was kept", async ({ page, browser }) => {
  const at = await keptRun(page);
  await button(page, "Continue").click();
  await stepReaches(page, at + 3);
  await crashGpu(browser);
  await expect(page.locator(".notice")).toContainText(`the run goes on from step ${at}`, { timeout: 2 * LONG });
  await expect(status(page)).toHaveAttribute("data-phase", "running", { timeout: 2 * LONG });
  await stepReaches(page, at + 20);
  await expect(page.locator("[data-chart=loss]")).toContainText(new RegExp(`GPU was reset at step \\d+, continued from ${at}`));
});

test("a reload loses nothing: the space bar resumes, and a new run leaves the kept one in the list", async ({ page }) => {
  const at = await keptRun(page);
  await page.goto(SMALL);
  await expect(button(page, `Resume at step ${at}`)).toBeVisible({ timeout: LONG });
  await phase(page, "ready");
  await button(page, "Start a new run").click();
  await stepReaches(page, 2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await page.getByText("Kept to continue: 1").click();
  await page.getByRole("button", { name: /^Resume maskedkd/ }).click();
  await expect.poll(() => stepOf(page), { timeout: LONG }).toBeGreaterThanOrEqual(at);
});

test("a wrong file during training is said, and the run goes on and is kept", async ({ page }) => {
  await open(page, "&steps=100000&evaluate=100000");
  await button(page, "Start").click();
  await stepReaches(page, 3);
  await page.getByLabel("Saved run").setInputFiles([upload("notes.safetensors", Uint8Array.of(1, 2, 3))]);
  await expect(page.getByRole("alert")).toContainText("That did not work");
  await stepReaches(page, (await stepOf(page)) + 5);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await expect.poll(() => keptSteps(page)).toEqual([await stepOf(page)]);
});

test("charts that cannot be loaded leave the rest of the page alive", async ({ page }) => {
  await page.route(/Charts-.*\.js/, (route) => route.abort());
  await open(page, "&steps=12&evaluate=12");
  await expect(page.getByRole("alert")).toContainText("The charts cannot be shown");
  await button(page, "Start").click();
  await phase(page, "finished");
});
