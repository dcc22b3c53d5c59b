/** The page loads cleanly, and both browsers offer what training needs: WebGPU inside a worker. */
import { expect, test } from "@playwright/test";
import { launchFirefox } from "./browsers";

/** Runs in the page: a worker asks for an adapter and a device. Resolves to "device" or to what went wrong. */
function deviceInWorker(): Promise<string> {
  const work = async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    const device = await adapter?.requestDevice();
    postMessage(device ? "device" : "no adapter");
  };
  const source = `(${work})().catch((error) => postMessage(String(error)))`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve(message);
  });
}

test("the page loads without an error in the console", async ({ page }) => {
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto("./");
  await expect(page).toHaveTitle(/Masked Distillation Playground/);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  expect(errors).toEqual([]);
});

/** Of the same origin; the page itself starts no worker but its own. */
const PLAIN = "claims.json";

test("Chromium offers WebGPU in a worker", async ({ page }) => {
  await page.goto(PLAIN);
  expect(await page.evaluate(deviceInWorker)).toBe("device");
});

test("Firefox loads the page and offers WebGPU in a worker", async ({ baseURL }) => {
  const browser = await launchFirefox();
  try {
    const page = await browser.newPage();
    await page.goto(baseURL!);
    await page.waitForSelector("h1");
    await page.goto(`${baseURL}${PLAIN}`);
    expect(await page.evaluate(deviceInWorker)).toBe("device");
  } finally {
    await browser.close();
  }
});
