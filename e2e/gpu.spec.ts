/** The view that verifies the adapter, here Chromium's software adapter. */
import { expect, test } from "@playwright/test";
import { button, expectNoViolations, LONG, QUICK_KERNELS } from "./page";

test("every kernel on this adapter is right, and the report says what is in use and how fast a step is", async ({ page }) => {
  test.setTimeout(6 * LONG);
  await page.goto(`./?${QUICK_KERNELS}#gpu`);
  await button(page, "Verify and time").click();
  await expect(page.getByRole("status").filter({ hasText: /kernels/ })).toContainText(/of \d+ kernels/, { timeout: LONG });
  const report = page.getByLabel("Report", { exact: true });
  await expect(report).toBeVisible({ timeout: 5 * LONG });
  const text = await report.inputValue();
  expect(text).toMatch(/ 0 wrong\n/);
  expect(text).toContain("kernels=gemm=quad4x4,attentionForward=quad1,attentionBackward=quad1,rows=quadLane");
  expect(Number(/Standard step: ([\d.]+) images/.exec(text)?.[1])).toBeGreaterThan(0);
  const rows = page.getByRole("row").filter({ hasText: "gemm" });
  await expect(rows.filter({ hasText: "right" })).toHaveCount(await rows.count());
  await expectNoViolations(page);
});
