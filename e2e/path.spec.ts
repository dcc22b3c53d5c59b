/** A person's way through the page: watch, guess, run a pair, read what came of it, share the link, open it elsewhere. */
import { type Browser, expect, type Locator, type Page, test } from "@playwright/test";
import { expectNoViolations, LONG, phase, QUICK_KERNELS, stepReaches } from "./page";

test.describe.configure({ timeout: 4 * LONG });
test.use({ permissions: ["clipboard-read", "clipboard-write"] });

/** How somebody gets at things. */
interface Hand {
  press(page: Page, what: Locator): Promise<void>;
  choose(page: Page, what: Locator, option: number): Promise<void>;
}

const MOUSE: Hand = {
  press: (_, what) => what.click(),
  choose: async (_, what, option) => void (await what.selectOption({ index: option })),
};

const MOST_TABS = 250;

/** Moves the focus with the Tab key alone. */
async function tabTo(page: Page, what: Locator): Promise<void> {
  await what.waitFor();
  for (let i = 0; i < MOST_TABS; i++) {
    if (await what.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${what} is not reached in ${MOST_TABS} presses of Tab`);
}

const KEYBOARD: Hand = {
  async press(page, what) {
    await tabTo(page, what);
    await page.keyboard.press("Enter");
  },
  async choose(page, what, option) {
    await tabTo(page, what);
    await page.keyboard.press("Home");
    for (let i = 0; i < option; i++) await page.keyboard.press("ArrowDown");
  },
};

/** The claims as they are, with runs that end in seconds. */
async function shortClaims(page: Page): Promise<void> {
  await page.route("**/claims.json", async (route) => {
    const text = await (await route.fetch()).text();
    const small = text.replaceAll("shapes%3A1200%2C2000", "shapes%3A48%2C24&batch=8&width=16&depth=1&heads=2");
    await route.fulfill({ body: small.replaceAll(/steps=\d+&evaluate=\d+/g, "steps=6&evaluate=6"), contentType: "application/json" });
  });
}

/** Notes from now on whatever moves on the page without anybody having pressed anything. */
async function watchShifts(page: Page): Promise<void> {
  await page.evaluate(() => {
    const noted: { value: number; what: string[] }[] = [];
    Object.assign(window, { noted });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node?: Node }[];
      })[])
        if (!entry.hadRecentInput) noted.push({ value: entry.value, what: entry.sources.map(({ node }) => (node as Element)?.className) });
    }).observe({ type: "layout-shift" });
  });
}

/** How much moved, as browsers count it; 1 is the whole window by its height. What it was is printed. */
async function shifts(page: Page): Promise<number> {
  const noted = await page.evaluate(() => (window as unknown as { noted: { value: number; what: string[] }[] }).noted);
  for (const { value, what } of noted) console.log(`moved by ${value.toFixed(4)}: ${what.join(", ")}`);
  return noted.reduce((sum, { value }) => sum + value, 0);
}

async function walk(page: Page, browser: Browser, { press, choose }: Hand): Promise<void> {
  await shortClaims(page);
  await page.goto(`./?watch=maskedkd&${QUICK_KERNELS}`);
  await stepReaches(page, 20);
  await press(page, page.getByRole("link", { name: "Claims", exact: true }));
  const claim = page.locator('[data-claim="shapes 1b"]');
  await press(page, claim.getByText("Try it here"));
  await choose(page, claim.getByLabel("I expect"), 1);
  await choose(page, claim.getByLabel("Seeds"), 0);
  await press(page, claim.getByRole("button", { name: "Start 2 runs" }));
  await expect(page.locator(".experiment")).toContainText("Runs 1 and 2 of 2, step for step: seed 1.", { timeout: LONG });
  const pair = page.locator(".pair");
  await expect(pair.getByText("Its run is still to come.")).toHaveCount(2);
  await expect(page.locator(".charts .plot").first()).toBeVisible({ timeout: LONG });
  await watchShifts(page);
  await expect(page.locator(".experiment [role=status]")).toHaveText(/^One pair so far: .* points\. One pair cannot tell\.$/, {
    timeout: 2 * LONG,
  });
  await expect(page.locator(".verdict")).toContainText("held-out images");
  await expect(page.locator(".runs tbody tr")).toHaveCount(2);
  // Both runs side by side: what each shows the teacher of one picture after its last step, and the difference.
  await expect(pair).toHaveAttribute("data-step", "6");
  await expect(pair.locator(".pair-pictures canvas")).toHaveCount(3);
  await choose(page, pair.getByLabel("Map"), 1);
  await expect(pair.locator("canvas[data-kept='32']")).toHaveCount(1);
  await expect(pair.locator("canvas[data-kept='64']")).toHaveCount(1);
  await expect(pair.locator(".summary")).toHaveText(/^At step 6: A .*\s%, B .*\s%, A − B .* points\.$/);
  expect(await shifts(page)).toBeLessThan(0.05);
  await expectNoViolations(page);
  await press(page, page.getByRole("button", { name: "Copy a link to these settings" }));
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const elsewhere = await (await browser.newContext({ serviceWorkers: "block" })).newPage();
  await elsewhere.goto(link);
  await phase(elsewhere, "ready");
  await expect(elsewhere.getByLabel("Patches the teacher sees", { exact: true })).toHaveValue("0.5");
  await expect(elsewhere.locator("#data")).toContainText("48 images to learn from");
  await elsewhere.context().close();
}

test("by keyboard alone", ({ page, browser }) => walk(page, browser, KEYBOARD));
test("by mouse", ({ page, browser }) => walk(page, browser, MOUSE));

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing in ${colorScheme} in any view: recordings, claims, papers, the GPU, the Hub's form, lessons, a projector`, async ({
    page,
  }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const name of ["maskedkd", "samkd"]) {
      await page.goto(`./?watch=${name}`);
      await page.getByRole("button", { name: "To the end" }).click();
      await expect(page.locator(".verdict")).toBeVisible({ timeout: LONG });
      for (const summary of await page.getByText("From the Hub (huggingface.co)").all()) await summary.click();
      await page.getByText("By position").click();
      await expectNoViolations(page);
    }
    for (const view of ["Claims", "Paper", "This GPU"]) {
      await page.getByRole("link", { name: view, exact: true }).click();
      await expect(page.locator("main h2").first()).toBeVisible({ timeout: LONG });
      await expectNoViolations(page);
    }
    await page.goto("./?present&lesson=mkd");
    await page.locator(".lesson").getByRole("button", { name: "Next" }).click({ timeout: LONG });
    await expectNoViolations(page);
  });
}

test("at 1440 x 900 stage, curves and words are in view together, beside a lesson too, and stay where they are", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const places = async () => {
    const boxes = await Promise.all([".stage", ".charts", ".now"].map((part) => page.locator(part).boundingBox()));
    return boxes.map((box) => box && [box.x, box.y, box.width].map(Math.round));
  };
  const inView = async () => {
    await expect(page.locator(".stage .parts")).toBeInViewport({ ratio: 1 });
    await expect(page.locator("[data-chart=loss] .plot")).toBeInViewport({ ratio: 0.9 });
    await expect(page.locator(".now p").first()).toBeInViewport({ ratio: 1 });
  };
  await page.goto("./?watch=maskedkd");
  await expect(page.locator("[data-chart=loss] .plot")).toBeVisible({ timeout: LONG });
  await expect(page.locator(".now")).toContainText("Recorded.");
  await stepReaches(page, 20);
  const before = await places();
  await page.getByRole("button", { name: "To the end" }).click();
  await expect(page.locator(".verdict")).toBeVisible();
  expect(await places()).toEqual(before);
  await inView();
  expect(await page.evaluate(wordsInView)).toBeLessThan(120);
  await page.goto("./?lesson=maskedkd");
  const lesson = page.locator(".lesson");
  await expect(lesson).toContainText("page 1 of", { timeout: LONG });
  await expect(page.locator("[data-chart=loss] .plot")).toBeVisible({ timeout: LONG });
  const there = await places();
  for (let number = 2; number <= 4; number++) {
    await lesson.getByRole("button", { name: "Next" }).click();
    await expect(lesson).toContainText(`page ${number} of`);
    await expect(lesson.getByRole("button", { name: "Next" })).toBeInViewport({ ratio: 1 });
  }
  expect(await places()).toEqual(there);
  await inView();
});

/** Words of the settings that the first screen shows. */
function wordsInView(): number {
  const walker = document.createTreeWalker(document.querySelector(".settings")!, NodeFilter.SHOW_TEXT);
  let words = 0;
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement!;
    const shown = !parent.closest("option") && parent.checkVisibility() && parent.getBoundingClientRect().top < innerHeight;
    if (shown) words += walker.currentNode.textContent!.split(/\s+/).filter(Boolean).length;
  }
  return words;
}

test("a link to a claim leads to it, though charts load above", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  let bring = () => {};
  const charts = new Promise<void>((resolve) => {
    bring = resolve;
  });
  await page.route(/FigureChart.*\.js$/, async (route) => {
    await charts;
    await route.continue();
  });
  await page.goto("./?watch=maskedkd#claims/clothes%2013a");
  const title = page.locator('[data-claim="clothes 13a"] .claim-title');
  await expect(title).toBeFocused({ timeout: LONG });
  bring();
  await expect(page.locator(".figures-of svg.recharts-surface").first()).toBeAttached({ timeout: LONG });
  await expect(title).toBeInViewport();
});

test("a link to a claim leads to it; one to a claim that does not exist is told, with those there are", async ({ page }) => {
  await page.goto("./?watch=maskedkd#claims/shapes%2013a");
  const claim = page.locator('[data-claim="shapes 13a"]');
  await expect(claim.locator(".claim-title")).toBeFocused({ timeout: LONG });
  await page.goto("./?watch=maskedkd#claims/alchemy");
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("There is no claim “alchemy” here.", { timeout: LONG });
  await expect(claim).toBeVisible();
});
