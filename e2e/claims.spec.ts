/** The view of claims: what the papers say, what was measured, and setting a run up from it. */
import { expect, test } from "@playwright/test";
import { button, expectNoViolations, open, phase, SMALL, stepOf, stepReaches } from "./page";

test("claims show beside what was measured, while a run goes on; one of them sets the page up", async ({ page }) => {
  await open(page, "&steps=5000");
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await page.getByRole("link", { name: "Claims" }).click();
  const claims = page.getByRole("region", { name: "Claims" });
  await expect(claims.locator("[data-claim]").first()).toBeVisible();
  const file = await page.evaluate(async () => (await fetch("claims.json")).json());
  for (const { id, study, verdict, difference } of file.claims)
    await expect(claims.locator(`[data-claim="${study} ${id}"] .verdict-mark`)).toHaveText(difference === null ? "not run yet" : verdict);
  const before = await stepOf(page);
  await stepReaches(page, before + 2);
  await expectNoViolations(page);
  await page.getByRole("link", { name: "Paper" }).click();
  await expect(page.getByRole("row", { name: /^Eq. 2: a softmax over the N patches softmaxOver=code/ })).toBeVisible();
  await expect(page.getByText("@inproceedings{son2024masking")).toBeVisible();
  await expectNoViolations(page);
  await page.getByRole("link", { name: "Claims" }).click();
  await claims.locator('[data-claim="shapes 13a"]').getByRole("link", { name: "Load its settings" }).click();
  const named = (key: string) => new URL(page.url()).searchParams.get(key);
  await expect.poll(() => [named("data"), named("steps")]).toEqual(["shapes:1200,2000", "750"]);
  await expect(page.locator("#data")).toContainText("Scenes-Shapes");
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await expect(button(page, "Restart to apply")).toBeVisible();
});

test("an address opens the images it names, with their own teacher", async ({ page }) => {
  await page.goto(`${SMALL}&data=shapes:48,24`);
  await phase(page, "ready");
  await expect(page.locator("#data")).toContainText("Scenes-Shapes");
  await expect(page.locator("#teacher")).toContainText("75");
});

test("a file of claims that is missing, or of other code, is said", async ({ page }) => {
  await page.route("**/claims.json", (route) => route.fulfill({ json: { code: "0.1", claims: [], instrument: [] } }));
  await page.goto(`${SMALL}#claims`);
  await expect(page.getByRole("alert")).toContainText("measured with code 0.1");
  await page.unroute("**/claims.json");
  await page.route("**/claims.json", (route) => route.abort());
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("cannot be loaded");
});
