/** How a headless Chromium with WebGPU in software is started, for the benchmark and the browser tests. */
import { existsSync } from "node:fs";

const DEBIAN = "/usr/bin/chromium";

/** Launch options for Playwright: Debian's Chromium where there is one, else the one `npx playwright install chromium` brings. */
export function chromiumLaunch(): { executablePath: string | undefined; args: string[] } {
  return {
    executablePath: existsSync(DEBIAN) ? DEBIAN : undefined,
    args: [
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  };
}
