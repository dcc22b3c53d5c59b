/** What is shown of a run: how soon, whether it adds up, whether everybody can read it, and whether it can be taken away. */
import { readFile } from "node:fs/promises";
import { type Download, expect, type Page, test } from "@playwright/test";
import { button, expectNoViolations, LONG, open, PATCHES, phase, runToEnd, SMALL, status, stepOf, stepReaches } from "./page";

test("pictures show while kernels compile, and the first step follows Start, at the default size", async ({ page }) => {
  await page.goto("./?preset=maskedkd", { waitUntil: "commit" });
  await page.locator(".pictures img, .pictures canvas").first().waitFor();
  expect(await status(page).getAttribute("data-phase")).not.toBe("ready");
  await phase(page, "ready");
  await button(page, "Start").click();
  await stepReaches(page, 1);
});

test("pictures come before any script, but not a classifier's where the address names a detector", async ({ page }) => {
  // All scripts but the one that removes them.
  await page.route("**/assets/*.js", (route) => route.abort());
  const pictures = page.locator(".pictures img");
  await page.goto("./?preset=maskedkd");
  await expect(pictures.first()).toBeVisible();
  await page.goto("./?keep=0.3&preset=samkd");
  await expect(pictures).toHaveCount(0);
});

test("frequencies sum to k: over positions at each stage, and within each image", async ({ page }) => {
  await open(page, "&steps=40");
  await runToEnd(page);
  const sums = page.locator(".frequency [data-sum]");
  await expect(sums).toHaveCount(3);
  for (const sum of await sums.all()) expect(Number(await sum.getAttribute("data-sum"))).toBe(PATCHES / 2);
  await button(page, "How often kept").click();
  await expect(page.locator("[data-layer=kept]")).toContainText(`40 snapshots of the run; each image's shares sum to ${PATCHES / 2}`);
});

test("a resumed run goes on counting where it was", async ({ page }) => {
  await open(page, "&steps=40");
  for (let step = 1; step <= 3; step++) {
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(step);
    await phase(page, "paused");
  }
  const images = () => page.locator(".frequency tbody tr").first().locator("td").allTextContents();
  await expect.poll(images).toEqual(["16", "8"]);
  await page.waitForTimeout(500);
  await page.reload();
  await phase(page, "ready");
  await button(page, "Resume at step 3").click();
  await stepReaches(page, 5);
  await button(page, "Pause").click();
  await phase(page, "paused");
  const [start, early] = await images();
  expect([Number(start), Number(early)]).toEqual([16, 8 * ((await stepOf(page)) - 2)]);
});

test("rows can be chosen: every head, the untrained student, how often; one always stays", async ({ page }) => {
  await open(page);
  for (const name of ["Attention per head", "Untrained student"]) await button(page, name).click();
  for (const layer of ["mask", "saliency", "head-0", "head-1", "untrained"])
    await expect(page.locator(`[data-layer=${layer}] canvas`)).toHaveCount(8);
  for (const name of ["Mask", "Saliency", "Attention per head", "Untrained student"]) await button(page, name).click();
  await expect(page.locator("[data-layer]")).toHaveCount(1);
});

/** Another value for each live setting, as a visitor enters it. */
const LIVE: Record<string, string> = {
  keep: "0.25",
  criterion: "random",
  queries: "patches",
  softmaxOver: "eq2",
  block: "1",
  masked: "student",
  "maskedkd.lambda": "0.5",
  "maskedkd.temperature": "2",
  smoothing: "0.1",
  lr: "0.002",
  decay: "0.1",
  evaluate: "7",
  augment: "heavy",
};

test("every live control acts with the next step, is marked on the charts, and can be taken back", async ({ page }) => {
  await open(page, "&steps=500");
  await button(page, "Step").click();
  await phase(page, "paused");
  await page.getByText("All settings").click();
  const keys = Object.keys(LIVE);
  for (const [i, key] of keys.entries()) {
    const entry = page.locator(`[id="set-${key}"]`);
    if ((await entry.evaluate((element) => element.tagName)) === "SELECT") await entry.selectOption(LIVE[key]);
    else await entry.fill(LIVE[key]).then(() => entry.press("Enter"));
    await expect.poll(() => new URL(page.url()).searchParams.get(key)).toBe(LIVE[key]);
    await expect(page.locator('[data-chart=loss] line[stroke="var(--event)"]')).toHaveCount(i + 1);
    await button(page, "Step").click();
    await expect.poll(() => stepOf(page)).toBe(i + 2);
    await phase(page, "paused");
  }
  await expect(page.locator(".failure")).toHaveCount(0);
  for (const _ of keys) await button(page, "Undo").click();
  await expect.poll(() => Object.keys(LIVE).filter((key) => new URL(page.url()).searchParams.has(key))).toEqual([]);
});

test("runs are kept, compared, named and pinned; a student that has not learned is not compared", async ({ page }) => {
  await open(page, "&steps=8&evaluate=8&lr=0.00001");
  await runToEnd(page);
  const rows = page.locator(".runs tbody tr");
  await expect(rows).toHaveCount(1);
  // After eight such small steps nothing has been learned, so nothing is compared or offered.
  await expect(page.locator(".verdict")).toContainText("It has not learned yet");
  await button(page, "100 %").click();
  await button(page, "Start again").click();
  await phase(page, "finished");
  await expect(rows).toHaveCount(2);
  await page.getByRole("button", { name: "Run 1", exact: true }).click();
  await page.getByLabel("New name of Run 1").fill("half");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "half as baseline" }).click();
  await expect(page.locator("[data-chart=rate]")).toContainText("half");
  await page.goto(`${SMALL}&steps=8&evaluate=8&criterion=random`);
  await phase(page, "ready");
  await expect(rows).toHaveCount(2);
  await expect(page.getByRole("button", { name: "half as baseline" })).toHaveAttribute("aria-pressed", "true");
  await button(page, "Start a new run").click();
  await stepReaches(page, 1);
  await phase(page, "finished");
  const beside = page.getByRole("region", { name: "One image under several masks" }).locator("figure");
  await expect(beside).toHaveText([/^half 50 % by student, as varied as/, /^Run 3 50 % by random, as varied as/]);
  await page.getByRole("button", { name: "Load the settings of half" }).click();
  await expect.poll(() => new URL(page.url()).searchParams.has("keep")).toBe(false);
  await page.getByRole("button", { name: "Delete Run 2" }).click();
  await expect(rows).toHaveCount(2);
});

test("a sweep goes on where it was after a reload", async ({ page }) => {
  await open(page, "&steps=8&evaluate=8");
  await page.locator(".sweep summary").click();
  await page.getByLabel("Setting", { exact: true }).selectOption("keep");
  await page.getByLabel("Values", { exact: true }).fill("0.25, 1");
  await page.getByLabel("Seeds").selectOption("1");
  await button(page, "Start the sweep").click();
  const sweep = page.locator(".experiment");
  await expect(sweep).toContainText("Run 2 of 2", { timeout: LONG });
  await page.reload();
  await expect(sweep).toContainText("It waits: The page was closed.");
  await button(page, "Go on").click();
  await expect(sweep.locator("progress")).toHaveCount(0, { timeout: LONG });
  await expect(sweep.locator(".plot .recharts-line-dot")).toHaveCount(4);
});

test("Stop ends the run where it is and says what came of it", async ({ page }) => {
  await open(page, "&steps=5000");
  await expect(button(page, "Stop")).toBeDisabled();
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await button(page, "Stop").click();
  await phase(page, "finished");
  await expect(page.locator(".verdict")).toContainText("held-out images");
  await expect(page.locator(".runs tbody tr")).toContainText("of 5,000");
  await expect(button(page, "Start again")).toBeEnabled();
});

test("charts, pictures and the table of runs can be taken away as files", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(page, "&steps=6&evaluate=6");
  await runToEnd(page);
  const loss = page.locator("[data-chart=loss]");
  await loss.getByText("Export").click();
  const csv = await saved(page, () => loss.getByRole("button", { name: "CSV" }).click());
  expect(csv.toString().split("\n")[0]).toBe("step,ce,kd");
  expect(csv.toString().trim().split("\n")).toHaveLength(7);
  const json = JSON.parse((await saved(page, () => loss.getByRole("button", { name: "JSON" }).click())).toString());
  expect(json.points).toHaveLength(6);
  expect(json.settings.steps).toBe(6);
  const svg = (await saved(page, () => loss.getByRole("button", { name: "SVG" }).click())).toString();
  expect(svg).not.toContain("var(--");
  // A figure is as wide as a column, in the light colours, and says what it is of.
  expect(svg).toMatch(/^<svg [^>]*width='84mm'/);
  expect(svg).toContain("stroke='#0072b2'");
  expect(svg).toMatch(/Run 1; MaskedKD: .*Scenes; teacher .*seed 1; step 6/);
  expect(svg).not.toContain("system-ui");
  await loss.getByLabel("Width of a figure").selectOption("174 mm");
  const wide = (await saved(page, () => loss.getByRole("button", { name: "SVG" }).click())).toString();
  expect(wide).toMatch(/^<svg [^>]*width='174mm' [^>]*viewBox='0 0 658 /);
  // The page itself lets no text become a document.
  const reader = await page.context().newPage();
  expect(
    await reader.evaluate(
      (text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelectorAll("parsererror, path").length,
      svg,
    ),
  ).toBeGreaterThan(1);
  expect(svg).toContain("cross-entropy, labels");
  const png = await saved(page, () => loss.getByRole("button", { name: "PNG" }).click());
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  const pictures = page.locator(".pictures");
  await pictures.getByText("Export").click();
  const sheet = await saved(page, () => pictures.getByRole("button", { name: "SVG" }).click());
  expect(sheet.toString().match(/<image /g)).toHaveLength(16);
  const sheetPng = await saved(page, () => pictures.getByRole("button", { name: "PNG" }).click());
  expect(sheetPng.length).toBeGreaterThan(10_000);
  const runs = page.locator(".runs");
  await runs.getByText("Export").click();
  const table = await saved(page, () => runs.getByRole("button", { name: "LaTeX" }).click());
  expect(table.toString()).toContain("Run 1 & MaskedKD: ");
});

async function saved(page: Page, press: () => Promise<void>): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent("download") as Promise<Download>, press()]);
  return readFile(await download.path());
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in ${colorScheme}: before, with every view open, and after a run`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${SMALL}&steps=8&evaluate=4&nonsense=1`);
    await phase(page, "ready");
    await expectNoViolations(page);
    await runToEnd(page);
    for (const name of ["Attention per head", "How often kept", "Untrained student"]) await button(page, name).click();
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    await page.getByRole("button", { name: "Run 1 as baseline" }).click();
    await expectNoViolations(page);
  });
}

test("axe finds nothing on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, "&steps=4&evaluate=4");
  await runToEnd(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await expectNoViolations(page);
});
