/** After the first visit the page works without a network; a newer version waits until it is wanted. */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import { button, exportAs, LONG, open, phase, SMALL, stepReaches } from "./page";

test.describe.configure({ timeout: 6 * LONG });
test.use({ serviceWorkers: "allow" });

/** Whether a service worker answers for the page, with every file of its version at hand. */
const isKept = (page: Page) =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active?.state === "activated" && navigator.serviceWorker.controller !== null;
  });

/** Addresses of the files that the page keeps. */
const caches = (page: Page) =>
  page.evaluate(async () => {
    const all = await Promise.all((await window.caches.keys()).map(async (name) => (await window.caches.open(name)).keys()));
    return all.flat().map(({ url }) => url);
  });

test("without a network the page opens again, trains, turns to a task not yet seen, and gives files; erasing takes all of it back", async ({
  page,
  context,
}) => {
  await open(page, "&steps=100000&evaluate=100000");
  await expect.poll(() => isKept(page), { timeout: LONG }).toBe(true);
  await context.setOffline(true);
  await page.reload();
  await phase(page, "ready");
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await button(page, "Pause").click();
  await phase(page, "paused");
  const loss = page.locator("[data-chart=loss]");
  await loss.getByText("Export").click();
  await Promise.all([page.waitForEvent("download"), loss.getByRole("button", { name: "CSV" }).click()]);
  await Promise.all([page.waitForEvent("download"), exportAs(page, "Download student")]);
  await page.goto("./?preset=samkd&teacher=none&batch=2&stem=4&channels=8&stacked=0");
  await phase(page, "ready");
  await button(page, "Start a new run").click();
  await stepReaches(page, 1);
  await context.setOffline(false);
  page.on("dialog", (dialog) => void dialog.accept());
  await button(page, "Erase all that is kept here").click();
  await expect(page.locator(".notice")).toContainText("is erased");
  await expect.poll(() => caches(page)).toEqual([]);
});

test("a teacher that was never fetched is missed in words", async ({ page, context }) => {
  await open(page);
  await expect.poll(() => isKept(page), { timeout: LONG }).toBe(true);
  await context.setOffline(true);
  await page.goto("./?preset=samkd");
  await expect(page.locator("#teacher")).toContainText("cannot be fetched", { timeout: LONG });
});

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES: Record<string, string> = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".json": "application/json" };

/** The built page at an origin of its own, some of whose files can be given other contents. */
async function serve(instead: Map<string, string>): Promise<Server> {
  const server = createServer(async (request, answer) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const name = path === "/" ? "index.html" : path.slice(1);
    const content = instead.get(name) ?? (await readFile(join(DIST, name)).catch(() => undefined));
    answer.writeHead(content === undefined ? 404 : 200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" });
    answer.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const SW = "sw.js";

test("an older version's service worker makes way when a visitor says so, and never during a run", async ({ page }) => {
  const [html, sw] = await Promise.all(["index.html", SW].map((name) => readFile(join(DIST, name), "utf8")));
  const older = html.replace("<title>", "<title>Older ");
  const instead = new Map([
    ["index.html", older],
    [SW, sw.replace(/(index\.html`,revision:`)[^`]+/, "$1older")],
  ]);
  expect(instead.get(SW)).not.toBe(sw);
  const server = await serve(instead);
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const small = `${base}${SMALL.slice(2)}&steps=100000&evaluate=100000`;
    await page.goto(small);
    await phase(page, "ready");
    await expect.poll(() => isKept(page), { timeout: LONG }).toBe(true);
    await expect(page).toHaveTitle(/^Older/);
    instead.clear();
    // The older page is shown once more, and fetches the newer one meanwhile.
    await page.reload();
    await expect(page).toHaveTitle(/^Older/);
    await phase(page, "ready");
    await expect(page.locator(".update")).toContainText("newer version", { timeout: LONG });
    await button(page, "Start").click();
    await stepReaches(page, 2);
    await expect(button(page, "Load it")).toBeDisabled();
    await button(page, "Pause").click();
    await phase(page, "paused");
    await button(page, "Load it").click();
    await expect(page).toHaveTitle(/^Masked/, { timeout: LONG });
    await phase(page, "ready");
    await expect(button(page, "Start a new run")).toBeVisible();
    const kept = (await caches(page)).map((url) => new URL(url).pathname);
    expect(kept.filter((path) => path === "/index.html")).toHaveLength(1);
  } finally {
    server.close();
  }
});
