/** Two tabs of one browser share what is kept, and one button erases it. */
import { expect, test } from "@playwright/test";
import { button, keptRun, keptSteps, LONG, open, phase, status, stepReaches } from "./page";

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

test("a run that one tab trains is open there alone: another is told, makes a copy, or takes over when the tab is closed", async ({
  page,
  context,
}) => {
  const at = await keptRun(page);
  const other = await context.newPage();
  await open(other, "&steps=100000&evaluate=100000&seed=2");
  await expect(button(other, "Start")).toBeVisible();
  await other.getByText("Kept to continue: 1").click();
  await expect(other.locator(".kept-runs")).toContainText("open in another tab");
  await expect(other.locator(".kept-runs")).toContainText(/ of .* used/);
  await other.getByRole("button", { name: /^Resume maskedkd/ }).click();
  await button(other, "Go on with a copy").click();
  await stepReaches(other, at + 1);
  await button(other, "Pause").click();
  await phase(other, "paused");
  // The copy is a run of its own.
  await expect.poll(async () => (await keptSteps(other)).length).toBe(2);
  await other
    .locator(".kept-runs")
    .getByRole("button", { name: /^Resume maskedkd/ })
    .click();
  await button(other, "Take it over when it is closed there").click();
  await expect(other.getByRole("alert")).toContainText("as soon as it is closed");
  await page.close();
  await expect(status(other)).toHaveAttribute("data-phase", "running", { timeout: LONG });
  await stepReaches(other, at + 2);
});

test("a kept run is renamed and pinned, and other tabs see it at once", async ({ page, context }) => {
  await open(page, "&steps=4&evaluate=4");
  await button(page, "Start").click();
  await phase(page, "finished");
  await expect.poll(() => keptSteps(page)).toEqual([4]);
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await open(tab, "&steps=4&seed=2");
  await page.close();
  const [one, two] = tabs.map((tab) => tab.locator(".kept-runs"));
  for (const list of [one, two]) await list.locator("summary").click();
  await one.getByTitle("Rename").click();
  await tabs[0].getByLabel(/^New name of/).fill("The good one");
  await tabs[0].keyboard.press("Enter");
  await one.getByRole("button", { name: "Pin The good one" }).click();
  await expect(two.getByRole("button", { name: "Pin The good one" })).toHaveAttribute("aria-pressed", "true");
  await two.getByRole("button", { name: "Delete The good one" }).click();
  await expect(one).toHaveCount(0);
});
