/** Two tabs of one browser share what is kept, and one button erases it. */
import { expect, test } from "@playwright/test";
import { button, keptSteps, LONG, open, phase } from "./page";

test.describe.configure({ timeout: 4 * LONG });

test("two tabs lose neither a kept nor a finished run of the other, and one button erases all", async ({ page, context }) => {
  const other = await context.newPage();
  const tabs = [page, other];
  await Promise.all(tabs.map((tab, i) => open(tab, `&steps=4&evaluate=4&seed=${5 + i}`)));
  for (const tab of tabs) {
    await button(tab, "Start").click();
    await phase(tab, "finished");
  }
  await expect(other.locator("tr[data-run]")).toHaveCount(2);
  await expect.poll(() => keptSteps(other)).toEqual([4, 4]);
  other.on("dialog", (dialog) => void dialog.accept());
  await button(other, "Erase all that is kept here").click();
  await expect(other.locator(".notice")).toContainText("is erased");
  await expect(other.locator("tr[data-run]")).toHaveCount(0);
  await other.reload();
  await phase(other, "ready");
  await expect(other.locator("tr[data-run]")).toHaveCount(0);
});
