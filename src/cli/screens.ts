/**
 * The pictures of the page in `docs/screens`, from its recorded runs, in the sizes that people use:
 *
 *   npm run screens
 *
 * Serves the built page (`npm run build`), so nothing is trained and no GPU is needed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { type Browser, chromium, type Page } from "@playwright/test";
import { preview } from "vite";
import { chromiumLaunch } from "./chromium";

const FOLDER = "docs/screens";
const QUALITY = 82;
const LIMIT_KB = 1500;

interface Screen {
  name: string;
  size: readonly [width: number, height: number];
  theme: "light" | "dark";
  query: string;
  /** Until what is to be seen is there. */
  ready(page: Page): Promise<void>;
}

const SCREENS: readonly Screen[] = [
  { name: "result-1440x900", size: [1440, 900], theme: "light", query: "?watch=maskedkd", ready: toTheEnd },
  { name: "samkd-1440x900", size: [1440, 900], theme: "dark", query: "?lesson=samkd", ready: (page) => toPage(page, 4) },
  { name: "claims-1440x900", size: [1440, 900], theme: "light", query: "?watch=maskedkd#claims", ready: claims },
  { name: "lesson-1280x720", size: [1280, 720], theme: "dark", query: "?lesson=maskedkd", ready: (page) => toPage(page, 5) },
  { name: "phone-390x844", size: [390, 844], theme: "light", query: "?watch=maskedkd", ready: toTheEnd },
  { name: "projector-1920x1080", size: [1920, 1080], theme: "light", query: "?present&lesson=mkd", ready: (page) => toPage(page, 5) },
];

export async function main(): Promise<number> {
  const server = await preview({ preview: { port: 0, host: "127.0.0.1" }, logLevel: "error" });
  const browser = await chromium.launch(chromiumLaunch());
  try {
    mkdirSync(FOLDER, { recursive: true });
    for (const screen of SCREENS) await shoot(browser, server.resolvedUrls!.local[0], screen);
  } finally {
    await browser.close();
    await server.close();
  }
  const kilobytes = SCREENS.reduce((sum, { name }) => sum + readFileSync(fileOf(name)).length, 0) / 1000;
  console.log(`${SCREENS.length} pictures, ${kilobytes.toFixed(0)} KB of ${LIMIT_KB} KB`);
  return kilobytes > LIMIT_KB ? 1 : 0;
}

const fileOf = (name: string) => `${FOLDER}/${name}.webp`;

async function shoot(browser: Browser, base: string, { name, size: [width, height], theme, query, ready }: Screen): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme, reducedMotion: "no-preference" });
  await page.goto(base + query);
  await ready(page);
  // Charts and pictures come piece by piece.
  await page.waitForTimeout(2000);
  const image = await loadImage(await page.screenshot());
  const canvas = createCanvas(width, height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  writeFileSync(fileOf(name), await canvas.encode("webp", QUALITY));
  await page.close();
}

async function toTheEnd(page: Page): Promise<void> {
  await page.getByRole("button", { name: "To the end" }).click();
  await page.locator(".verdict").waitFor();
}

async function toPage(page: Page, number: number): Promise<void> {
  const lesson = page.locator(".lesson");
  for (let at = 1; at < number; at++) {
    await lesson.getByText(`page ${at} of`).waitFor();
    await lesson.getByRole("button", { name: "Next" }).click();
  }
  await page.mouse.move(0, 0);
}

async function claims(page: Page): Promise<void> {
  await page.locator("[data-claim]").first().waitFor();
}
