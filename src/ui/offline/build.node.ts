/** What the build adds for safety and for visits without a network. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin } from "vite";
import { HUB, HUB_FILES } from "../../data/hub/hosts.ts";

/**
 * What the built page may do: run, fetch and show its own files, and pictures that it makes itself; and fetch from the Hub, where a visitor
 * asks for it, and from where the Hub has its files.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  ["connect-src 'self'", HUB, ...HUB_FILES].join(" "),
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types default",
].join("; ");

/** Writes a Content-Security-Policy into the built page. The development server needs scripts of its own in the page. */
export const strict: Plugin = {
  name: "strict",
  apply: "build",
  transformIndexHtml: () => [
    { tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: POLICY }, injectTo: "head-prepend" },
  ],
};

/** Files without which the page does not open, or not fully. Teachers and images are kept when they are used. */
const SHELL = /^(index\.html|first\.js|claims\.json|assets\/.*\.(js|css))$/;
/** Those with a digest of their content in their name never change. */
const NAMED_BY_CONTENT = /^assets\//;

/** Writes the service worker, which knows every file of the page by name and content, into the built folder. */
export function offline(): Plugin {
  let folder = "";
  return {
    name: "offline",
    apply: "build",
    configResolved({ root, build: { outDir } }) {
      folder = resolve(root, outDir);
    },
    async closeBundle() {
      const files = JSON.stringify(shellOf(folder));
      await build({
        configFile: false,
        publicDir: false,
        logLevel: "warn",
        define: { FILES: files, "process.env.NODE_ENV": '"production"' },
        build: {
          ...{ target: "esnext", outDir: folder, emptyOutDir: false },
          lib: { entry: "src/ui/offline/sw.ts", name: "sw", formats: ["iife"], fileName: () => "sw.js" },
        },
      });
    },
  };
}

function shellOf(folder: string): { url: string; revision: string | null }[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  return names
    .filter((name) => SHELL.test(name))
    .sort()
    .map((url) => ({ url, revision: NAMED_BY_CONTENT.test(url) ? null : digest(join(folder, url)) }));
}

const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
