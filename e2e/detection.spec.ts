/** A detector is taught in the page: what it finds, what is erased, and how both follow the settings. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { button, LONG, phase, stepOf, stepReaches } from "./page";

/** A student as small as there are, so that a software adapter trains it. */
const SMALL = "./?preset=samkd&batch=2&stem=4&channels=8&stacked=0&evaluate=1000";

// Many kernels are compiled for the first step, and the teacher is of full size.
test.describe.configure({ timeout: 6 * LONG });

const mask = (page: Page) => page.locator("[data-map=mask] canvas");
const kept = async (page: Page) => Number(await mask(page).getAttribute("data-kept"));

async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}

test("scenes with their objects show at once, in words too, and fit a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(SMALL);
  const scenes = page.locator(".scenes button");
  await expect(scenes).toHaveCount(6);
  await expect(scenes.first()).toHaveAttribute("aria-label", /^Image 1: \d objects?/);
  await scenes.nth(1).press("Enter");
  await expect(scenes.nth(1)).toHaveAttribute("aria-pressed", "true");
  await expect(page.locator(".found-list tbody tr").first()).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a detector trains, its loss is drawn, and moving omega changes what is erased while paused", async ({ page }) => {
  await page.goto(`${SMALL}&steps=30`);
  await phase(page, "ready");
  await button(page, "Start").click();
  await expect.poll(() => stepOf(page), { timeout: 3 * LONG }).toBeGreaterThanOrEqual(1);
  const points = async () => Number(await page.locator("[data-chart=loss]").getAttribute("data-points"));
  const before = await points();
  await stepReaches(page, 4);
  await expect.poll(points).toBeGreaterThan(before);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await expect(page.locator("[data-chart=loss] .summary")).toContainText("features, teacher");
  await expect(mask(page)).toBeVisible();
  const [step, some] = [await stepOf(page), await kept(page)];
  const omega = page.locator("#set-omegaS");
  await omega.fill("2");
  await omega.press("Enter");
  await expect.poll(() => kept(page), { timeout: LONG }).toBeGreaterThan(some);
  await omega.fill("0.5");
  await omega.press("Enter");
  await expect.poll(() => kept(page), { timeout: LONG }).toBeLessThan(some);
  expect(await stepOf(page)).toBe(step);
  await page.getByLabel("FPN level").selectOption("P4");
  await expect(page.locator("[data-map=reconstruction] canvas")).toBeVisible();
  await expect(page.locator("[data-regions=W] td")).toHaveCount(4);
  await expect(page.locator(".channels rect")).not.toHaveCount(0);
  await expectNoViolations(page);
});
