/** What can be watched and learned without training anything: a recorded run, the stage, a lesson. */
import { expect, test } from "@playwright/test";
import { button, expectNoViolations, LONG, phase, QUICK_KERNELS, stepOf, stepReaches } from "./page";

const stage = ".stage";

test("the page opens on a recorded run, moving; the stage follows it, and it goes on live", async ({ page }) => {
  await page.goto("./");
  await expect(page.locator(".watching")).toContainText("Recorded.", { timeout: LONG });
  const before = await stepOf(page);
  await stepReaches(page, before + 20);
  await expect(page.locator(".adapter")).toHaveText("No GPU opened yet");
  await button(page, "To the end").click();
  await phase(page, "finished");
  await expect(page.locator(`${stage} .reading`)).toContainText("patches ranked highest are kept for the teacher");
  await expect(page.locator(`${stage} [data-name=choose] canvas`)).toHaveAttribute("data-kept", "32");
  await expectNoViolations(page);
  // Another picture on the stage, a patch of it, a part of the step.
  await page.getByRole("button", { name: /^Image 3/ }).click();
  await page.locator(`${stage} [data-name=choose] canvas`).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.locator(`${stage} .reading`)).toHaveText(
    /Row 1, column 1: score .* × an even share; rank \d+ of 64; (shown to|hidden from) the teacher/,
  );
  await page.locator("h1").click();
  await page.keyboard.press("3");
  await expect(page.locator(stage)).toHaveAttribute("data-part", "answer");
  await expect(page.locator(`${stage} [data-name=learn]`)).toHaveAttribute("data-state", "ahead");
  // Live: the same data and settings, by a worker.
  await button(page, "Train it live").click();
  await expect(page.locator(".watching")).toHaveCount(0);
  await stepReaches(page, 1);
  await expect(page).toHaveURL(/data=shapes/);
  await expect(page.locator("#data")).toContainText("1,200");
});

test("a lesson leads through a recorded run to its end, by keyboard, and sets a live run up", async ({ page }) => {
  await page.goto(`./?lesson=maskedkd&${QUICK_KERNELS}`);
  const lesson = page.locator(".lesson");
  await expect(lesson).toContainText("page 1 of 7", { timeout: LONG });
  await expect(page.locator(`${stage} h2`)).toContainText("as of step 0");
  for (let number = 2; number <= 7; number++) {
    await lesson.getByRole("button", { name: "Next" }).focus();
    await page.keyboard.press("Enter");
    await expect(lesson).toContainText(`page ${number} of 7`);
    await expect(lesson).not.toContainText(/NaN|undefined/);
  }
  await expect(page.locator(`${stage} h2`)).toContainText("as of step 1,500");
  await expectNoViolations(page);
  await lesson.getByRole("button", { name: "Train live with a quarter of the patches" }).click();
  await expect(lesson).toHaveCount(0);
  await stepReaches(page, 1);
  await expect(page).toHaveURL(/keep=0.25/);
});

test("the stages and lessons of the detectors' methods show recorded steps, cell by cell", async ({ page }) => {
  for (const { name, parts, canvas, row, pages } of [
    {
      name: "samkd",
      parts: 5,
      canvas: "erase",
      row: /attention × even: .* at 4 × 4; (erased|left).*; W .*; error .* × the mean/,
      pages: 7,
    },
    { name: "mkd", parts: 5, canvas: "see", row: /(hidden|visible); error .* × the mean/, pages: 6 },
  ]) {
    await page.goto(`./?lesson=${name}`);
    const lesson = page.locator(".lesson");
    await expect(lesson).toContainText(`page 1 of ${pages}`, { timeout: LONG });
    await expect(page.locator(`${stage} .part`)).toHaveCount(parts);
    await page.locator(`${stage} [data-name=${canvas}] canvas`).first().click();
    await page.mouse.move(0, 0);
    await expect(page.locator(`${stage} .reading`)).toHaveText(row);
    for (let number = 2; number <= pages; number++) {
      await lesson.getByRole("button", { name: "Next" }).click();
      await expect(lesson).toContainText(`page ${number} of ${pages}`);
    }
    await expect(page.locator(stage)).toHaveAttribute("data-part", "learn");
    await page.locator("h1").click();
    await page.keyboard.press("2");
    await expect(page.locator(`${stage} [data-name=learn]`)).toHaveAttribute("data-state", "ahead");
    await expectNoViolations(page);
  }
});

test("a lesson or a recording that does not exist is told, and the page goes on", async ({ page }) => {
  await page.goto("./?lesson=alchemy");
  await expect(page.getByText("There is no lesson “alchemy” here.")).toBeVisible({ timeout: LONG });
  await page.goto(`./?watch=gone&${QUICK_KERNELS}`);
  const told = page.locator(".messages").getByText('There is no recording "gone" here.');
  await expect(told).toBeVisible({ timeout: LONG });
  await page.keyboard.press("Escape");
  await expect(told).toHaveCount(0);
  await phase(page, "ready");
});
