/** The built page runs under its own Content-Security-Policy, with Trusted Types, in everything it does. */
import { readFileSync } from "node:fs";
import { expect, type Page, test } from "@playwright/test";
import { PNG } from "pngjs";
import { file, zipOf } from "../src/data/files.fixture";
import { HUB, HUB_FILES } from "../src/data/hub/hosts";
import { button, data, give, LONG, open, runToEnd, says, upload } from "./page";

test.describe.configure({ timeout: 4 * LONG });
test.use({ serviceWorkers: "allow" });

/** What the browser refuses the page, and what it complains of. */
async function complaints(page: Page): Promise<string[]> {
  const heard: string[] = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && heard.push(message.text()));
  page.on("pageerror", (error) => heard.push(error.message));
  await page.exposeFunction("refused", (what: string) => void heard.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) =>
      Reflect.get(window, "refused")(`${effectiveDirective} ${blockedURI} ${sample}`),
    );
  });
  return heard;
}

function picture(gray: number): Uint8Array {
  const png = new PNG({ width: 20, height: 20 });
  png.data.fill(gray);
  return PNG.sync.write(png);
}

test("a whole visit breaks no rule of the page's policy: a run, charts, files taken away, a zip read, claims", async ({ page }) => {
  const heard = await complaints(page);
  await open(page, "&steps=6&evaluate=6");
  await runToEnd(page);
  await expect(page.locator(".chart path[stroke='var(--student)']").first()).toBeVisible();
  for (const [at, formats] of [
    ["[data-chart=loss]", ["CSV", "JSON", "SVG", "PNG"]],
    [".pictures", ["SVG", "PNG"]],
  ] as const) {
    const part = page.locator(at);
    await part.getByText("Export").click();
    for (const name of formats) await Promise.all([page.waitForEvent("download"), part.getByRole("button", { name, exact: true }).click()]);
  }
  await Promise.all([page.waitForEvent("download"), button(page, "Save").click()]);
  await page.getByText("Show as table").first().click();
  const names = ["dark", "bright"].flatMap((name, c) =>
    Array.from({ length: 20 }, (_, i) => file(`${name}/${i}.png`, picture(20 + 150 * c))),
  );
  await give(page, upload("lamps.zip", await zipOf(names)));
  await says(data(page), "34 images to learn from, 6 held out");
  for (const preset of ["samkd", "segmenter", "dino"]) {
    await page.goto(`./?preset=${preset}`);
    await expect(page.locator(".pictures canvas").first()).toBeVisible({ timeout: LONG });
  }
  await page.getByRole("link", { name: "Claims" }).click();
  await expect(page.locator(".claims")).toBeVisible();
  expect(heard).toEqual([]);
});

test("the policy holds: no script of another place or in the page, no text becomes HTML, no other origin is asked but the Hub's", async ({
  page,
}) => {
  await page.goto("./");
  const policy = await page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  expect(policy).not.toMatch(/unsafe|\*/);
  const hosts = [...readFileSync("SECURITY.md", "utf8").matchAll(/`((?:[\w-]+\.)+hf\.co)`/g)].map(([, host]) => host);
  expect(hosts.filter((host) => !policy!.includes(`https://${host}`))).toEqual([]);
  expect(policy!.match(/https?:[^ ;]*/g)).toEqual([HUB, ...HUB_FILES]);
  expect(await page.locator("script:not([src])").count()).toBe(0);
  const outcomes = page.evaluate(async () => {
    const tried = async (what: () => unknown) => {
      // Later: what a test calls in the page itself may do more than the page.
      await new Promise((resolve) => setTimeout(resolve));
      try {
        await what();
        return "went through";
      } catch (error) {
        return (error as Error).name;
      }
    };
    return {
      html: await tried(() => Reflect.set(document.createElement("p"), "innerHTML", "<b>x</b>")),
      worker: await tried(() => new Worker("https://example.org/worker.js")),
      text: await tried(() => Reflect.construct(Function, ["return 1"])),
      other: await tried(() => fetch("https://example.org/")),
      alike: await tried(() => fetch("https://cdn.hf.co/")),
    };
  });
  expect(await outcomes).toEqual({ html: "TypeError", worker: "TypeError", text: "EvalError", other: "TypeError", alike: "TypeError" });
});
