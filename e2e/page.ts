/** What several specs do with the page. Runs are small so that steps take milliseconds, on the kernels that compile soonest. */
import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Locator, type Page } from "@playwright/test";

export const QUICK_KERNELS = "kernels=gemm=quad4x4,attentionForward=quad1,attentionBackward=quad1";
export const SMALL = `./?batch=8&width=16&depth=1&heads=2&${QUICK_KERNELS}`;
export const PATCHES = 64;

/** Presses a button of the menu of exports. */
export async function exportAs(page: Page, name: string): Promise<void> {
  await page.locator(".controls").getByRole("button", { name: "Export", exact: true }).click();
  await button(page, name).click();
}

/** How long something that trains may take, in milliseconds. */
export const LONG = 60_000 * Number(process.env.E2E_PATIENCE ?? 1);

export const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
export const status = (page: Page) => page.locator(".controls .status");
export const phase = (page: Page, name: string) => expect(status(page)).toHaveAttribute("data-phase", name, { timeout: LONG });
export const stepOf = async (page: Page) => Number(await page.locator(".controls progress").getAttribute("data-step"));
export const stepReaches = (page: Page, step: number) => expect.poll(() => stepOf(page), { timeout: LONG }).toBeGreaterThanOrEqual(step);
export const picture = (page: Page) => page.locator(".pictures canvas").first();

export async function open(page: Page, query = "&steps=40"): Promise<void> {
  await page.goto(SMALL + query);
  await phase(page, "ready");
}

/** Kills the process that serves the GPU, as a driver's crash does. */
export async function crashGpu(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  // The browser answers nothing: the process that would is gone.
  void session.send("Browser.crashGpuProcess" as never).catch(() => undefined);
}

/** Has the worker begin with something else. */
export async function atTopOfWorker(page: Page, first: () => void): Promise<void> {
  await page.route("**/worker-*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `(${first})();\n${await response.text()}` });
  });
}

/** A whole run from Start to its end. */
export async function runToEnd(page: Page): Promise<void> {
  await page.locator("button.go").click();
  await stepReaches(page, 1);
  await phase(page, "finished");
}

/** A run of many steps that is paused after some of them, and kept by the browser. Resolves with its step. */
export async function keptRun(page: Page): Promise<number> {
  await open(page, "&steps=100000&evaluate=100000");
  await page.locator("button.go").click();
  await stepReaches(page, 5);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await expect.poll(() => keptSteps(page)).not.toEqual([]);
  return stepOf(page);
}

export interface Upload {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export const upload = (name: string, bytes: Uint8Array): Upload => ({
  name,
  mimeType: "application/octet-stream",
  buffer: Buffer.from(bytes),
});
export const data = (page: Page) => page.locator("#data");
export const give = (page: Page, ...files: Upload[]) => page.getByLabel("Image files").setInputFiles(files);

/** Reading and training take their time where several tests share a processor. */
export const says = (where: Locator, what: string | RegExp) => expect(where).toContainText(what, { timeout: LONG });

/** Nothing on the page as it is now breaks a rule of accessibility that axe knows. */
export async function expectNoViolations(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}

/** What the page has put into IndexedDB under a key. */
const stored = <T>(page: Page, key: string): Promise<T | undefined> =>
  page.evaluate(async (key) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("masked-distillation-playground");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const request = database.transaction("values").objectStore("values").get(key);
    return new Promise<T>((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
  }, key);

/** Steps of the runs that can be continued, the newest first. */
export const keptSteps = async (page: Page): Promise<number[]> =>
  ((await stored<{ step: number }[]>(page, "kept-runs-1")) ?? []).map(({ step }) => step);

/** How many runs have ended and are kept to be compared. */
export const endedRuns = async (page: Page): Promise<number> => (await stored<{ runs: unknown[] }>(page, "runs-1"))?.runs.length ?? 0;
