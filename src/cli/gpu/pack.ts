/**
 * `npm run pack`: one archive for a machine with a card that has neither the project nor Node: the commands `gpu` and `bench` as a bundle, the
 * WebGPU binding, and Node itself.
 *
 *   npm run -s pack -- out=mdp-gpu.tar.gz
 *   tar xzf mdp-gpu.tar.gz && cd mdp-gpu && ./run gpu --check --json
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const NAME = "mdp-gpu";
/** What a pack may have. */
const MOST_BYTES = 60 * 2 ** 20;
/** Left out of the bundle: the binding, which is copied, and what only a browser's bench needs. */
const EXTERNAL = ["webgpu", "vite", "puppeteer-core", "@napi-rs/canvas"];

/** Takes the machine's Node where it is new enough, else the one that came along. */
const RUN = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
if node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
then exec node packed.js "$@"
else exec ./node packed.js "$@"
fi
`;

export async function main(argv: string[]): Promise<number> {
  const unknown = argv.find((word) => !/^out=./.test(word));
  if (unknown) {
    console.error(`pack: ${unknown} is unknown.\nusage: pack [out=FILE.tar.gz]`);
    return 2;
  }
  const out = resolve(argv[0]?.slice("out=".length) ?? `${NAME}.tar.gz`);
  const place = mkdtempSync(join(tmpdir(), "mdp-pack-"));
  try {
    await fill(join(place, NAME));
    const { status, stderr } = spawnSync("tar", ["-czf", out, "-C", place, NAME], { encoding: "utf8" });
    if (status !== 0) throw new Error(`tar did not make ${out}: ${stderr}`);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  const { size } = statSync(out);
  console.log(JSON.stringify({ pack: out, mib: Math.round((10 * size) / 2 ** 20) / 10 }));
  if (size <= MOST_BYTES) return 0;
  console.error(`pack: ${out} is larger than ${MOST_BYTES / 2 ** 20} MiB.`);
  return 1;
}

/** Puts everything that a pack has into a folder. */
async function fill(folder: string): Promise<void> {
  await build({
    ...{ root: ROOT, configFile: false, envDir: false, logLevel: "error", publicDir: false },
    ssr: { noExternal: true, external: EXTERNAL },
    build: {
      ...{ ssr: true, outDir: folder, emptyOutDir: true, target: "esnext" },
      rollupOptions: {
        input: join(ROOT, "src/cli/gpu/packed.ts"),
        external: EXTERNAL,
        output: { entryFileNames: "packed.js", chunkFileNames: "[name].js" },
      },
    },
  });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  copyFileSync(join(ROOT, "src/cli/bench/torch_steps.py"), join(folder, "torch_steps.py"));
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  const [from, to] = [join(ROOT, "node_modules/webgpu"), join(folder, "node_modules/webgpu")];
  const platform = `dist/${process.platform}-${process.arch}`;
  mkdirSync(join(to, "dist"), { recursive: true });
  for (const part of ["package.json", "index.js", "LICENSE.md", platform]) cpSync(join(from, part), join(to, part), { recursive: true });
  copyFileSync(process.execPath, join(folder, "node"));
  writeFileSync(join(folder, "run"), RUN);
  for (const program of ["node", "run"]) chmodSync(join(folder, program), 0o755);
}
