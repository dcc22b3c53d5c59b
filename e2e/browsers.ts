/**
 * How the tests start their two browsers, both with WebGPU on a software adapter: Chromium through Playwright, and
 * Firefox through puppeteer over WebDriver BiDi, because Playwright drives only a patched Firefox of its own.
 */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser } from "puppeteer-core";

// Vulkan loaders and Firefox want a private runtime folder; containers have none.
process.env.XDG_RUNTIME_DIR ??= mkdtempSync(join(tmpdir(), "mdp-xdg-"));

const FIREFOX = ["/usr/bin/firefox-esr", "/usr/bin/firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"];

/** Headless Firefox; close it when done. */
export function launchFirefox(): Promise<Browser> {
  const executablePath = FIREFOX.find((path) => existsSync(path));
  if (!executablePath) throw new Error("no Firefox found: install firefox-esr (Debian) or Firefox");
  return puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    extraPrefsFirefox: {
      "dom.webgpu.enabled": true,
      "dom.webgpu.workers.enabled": true,
      "gfx.webgpu.ignore-blocklist": true,
    },
  });
}
