/** Firefox trains, too: its WebGPU is another implementation. It goes on with a run that Chromium began and saved to a file, and so does Node. */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { expect, type Page, test } from "@playwright/test";
import type { ElementHandle } from "puppeteer-core";
import { launchFirefox } from "./browsers";
import { button, LONG, open, phase, runToEnd, stepReaches } from "./page";

test.describe.configure({ timeout: 4 * LONG });

/** The losses of each step, as the chart's CSV has them. */
const lossesIn = (csv: string): number[][] =>
  csv
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split(",").map(Number));

/** The losses of the steps that the command line makes from the file on. */
function lossesInNode(file: string): number[][] {
  const words = ["src/cli/run.mjs", "src/cli/distill.ts", `resume=${file}`, "every=1", "--json"];
  const lines = execFileSync("node", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .trim()
    .split("\n");
  return lines.flatMap((line) => {
    const { final, step, ce, kd } = JSON.parse(line);
    return final || ce === undefined ? [] : [[step, ce, kd]];
  });
}

function expectAlike(found: number[][], expected: number[][]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, row] of found.entries())
    for (const [j, value] of row.entries()) expect(Math.abs(value - expected[i][j])).toBeLessThan(1e-4);
}

async function saved(page: Page, press: () => Promise<void>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return download.path();
}

test("Firefox verifies a run that Chromium saved, shows its curves and goes on with the same losses, as Node does", async ({
  page,
  baseURL,
}) => {
  await open(page, "&steps=6&evaluate=1000000");
  for (const step of [1, 2, 3]) {
    await button(page, "Step").click();
    await stepReaches(page, step);
  }
  await phase(page, "paused");
  const file = await saved(page, () => button(page, "Save").click());
  await runToEnd(page);
  const loss = page.locator("[data-chart=loss]");
  await loss.getByText("Export").click();
  const expected = lossesIn(await readFile(await saved(page, () => loss.getByRole("button", { name: "CSV" }).click()), "utf8"));
  expect(expected).toHaveLength(6);
  expectAlike(lossesInNode(file), expected.slice(3));

  const browser = await launchFirefox();
  try {
    const other = await browser.newPage();
    await other.goto(`${baseURL}?batch=8&width=16&depth=1&heads=2&seed=2`);
    await other.waitForSelector('[data-phase="ready"]', { timeout: LONG });
    const input = (await other.$('input[aria-label="Saved run"]')) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(file);
    await other.waitForSelector('progress[data-step="3"]', { timeout: LONG });
    expect(await other.$eval(".notice", (notice) => notice.textContent)).toContain("is as it was saved");
    await other.locator("button.go").click();
    await other.waitForSelector('[data-phase="finished"]', { timeout: LONG });
    await other.evaluate(() => {
      const link = URL.createObjectURL;
      URL.createObjectURL = (blob) => {
        void (blob as Blob).text().then((text) => document.body.setAttribute("data-csv", text));
        return link(blob);
      };
    });
    await other.click("[data-chart=loss] .export summary");
    await other.click("[data-chart=loss] .export button");
    await other.waitForSelector("body[data-csv]");
    const found = lossesIn((await other.$eval("body", (body) => body.getAttribute("data-csv"))) as string);
    expect(found.slice(0, 3)).toEqual(expected.slice(0, 3));
    expectAlike(found, expected);
  } finally {
    await browser.close();
  }
});
