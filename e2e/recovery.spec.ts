/** What survives in a real browser: a killed GPU process, a reload, a wrong file, a part of the page that does not load. */
import { expect, test } from "@playwright/test";
import { atTopOfWorker, button, crashGpu, keptRun, keptSteps, LONG, open, phase, SMALL, status, stepOf, stepReaches, upload } from "./page";

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

/** What WebKit lacks or limits. */
function asInWebKit(): void {
  for (const name of ["persist", "persisted", "getDirectory"]) Reflect.deleteProperty(StorageManager.prototype, name);
  const { replaceState } = History.prototype;
  History.prototype.replaceState = function (...words) {
    if (Reflect.get(window, "tired")) throw new DOMException("More than 100 times per 10 seconds.", "SecurityError");
    return replaceState.apply(this, words);
  };
}

function withoutSubgroups(): void {
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = async function (options) {
    const adapter = await requestAdapter.call(this, options);
    if (adapter)
      Object.defineProperty(adapter, "features", { value: new Set([...adapter.features].filter((name) => name !== "subgroups")) });
    return adapter;
  };
}

test("with WebKit's limits a run trains and is kept, also after the browser has cleared its storage, and the address follows", async ({
  page,
}) => {
  await page.addInitScript(asInWebKit);
  await atTopOfWorker(page, withoutSubgroups);
  await page.goto("./?width=8&depth=1&heads=2&batch=4&teacher=none&data=scenes%3A24%2C12&steps=100000&evaluate=100000");
  await phase(page, "ready");
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await expect.poll(() => keptSteps(page)).toHaveLength(1);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        Reflect.set(window, "tired", true);
        indexedDB.deleteDatabase("masked-distillation-playground").onsuccess = resolve;
      }),
  );
  await button(page, "Continue").click();
  await stepReaches(page, (await stepOf(page)) + 2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  await expect.poll(() => keptSteps(page)).toEqual([await stepOf(page)]);
  await page.getByLabel("Seed", { exact: true }).fill("5");
  await page.getByLabel("Seed", { exact: true }).press("Enter");
  await page.evaluate("tired = false");
  await expect(page).toHaveURL(/seed=5/);
});

test("fifty restarts in haste leave no heap behind", async ({ page }) => {
  await open(page, "&steps=100000&evaluate=100000&teacher=none&data=scenes%3A24%2C12");
  await page.locator("button.go").click();
  await stepReaches(page, 1);
  const session = await page.context().newCDPSession(page);
  /** Megabytes of the page's heap once fifty more were made and the last one trains. */
  const afterFifty = async () => {
    for (let time = 0; time < 50; time++) {
      if (time % 10 === 0) await stepReaches(page, 1);
      await page.getByRole("button", { name: /^Restart/ }).dispatchEvent("click");
    }
    await stepReaches(page, 2);
    await button(page, "Pause").click();
    await phase(page, "paused");
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize / 1e6;
  };
  const first = await afterFifty();
  const second = await afterFifty();
  console.log(`heap after 50 restarts ${first.toFixed(1)} MB, after 100 ${second.toFixed(1)} MB`);
  expect(second - first).toBeLessThan(3);
});
