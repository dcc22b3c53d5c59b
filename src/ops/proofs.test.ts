/** Every kernel of the project is proven by `npm run gpu -- --check`, and every proof by itself. */
import { expect, test } from "vitest";
import { shaderFiles } from "../engine/shaderFiles";
import { entryPoints } from "../engine/wgsl";
import { testEngine } from "./check";
import { launchesOf } from "./evidence";
import { FAMILIES } from "./families";
import { PROOFS } from "./proofs";

/** Launched by the engine when it opens an adapter, and by the optimizer, whose proofs have a test of their own. */
const ELSEWHERE = [
  "probe subgroup_layout",
  ...["norm", "factor", "factor_each", "judge", "adamw", "sgd"].map((entry) => `optimizer ${entry}`),
];
/** A matter of which variant is chosen, one after the other. */
const VARIANTS = [
  ...["gemm quad", "gemm coop", "gemm shared_tiles", "layernorm quad_forward", "layernorm quad_backward"],
  ...["attention split_forward", "attention split_backward_queries", "attention split_backward_keys"],
];

test("between them the proofs launch every entry point of every file", async () => {
  const engine = await testEngine();
  const specs = [...Object.values(PROOFS), ...FAMILIES.map(({ proofs }) => proofs)].flatMap((proofs) => Object.values(proofs));
  const launched = specs.flatMap((spec) => launchesOf(engine, spec).map(({ shader: { file, entry } }) => `${file} ${entry}`));
  const found = new Set([...launched.map((name) => name.replace(/^shaders\/|\.wgsl/g, "")), ...ELSEWHERE, ...VARIANTS]);
  const all = Object.entries(shaderFiles).flatMap(([path, text]) =>
    entryPoints(text).map((entry) => `${path.replace(/^\/shaders\/|\.wgsl$/g, "")} ${entry}`),
  );
  expect(all.filter((name) => !found.has(name))).toEqual([]);
  expect(Object.keys(PROOFS).filter((file) => !(`/shaders/${file}.wgsl` in shaderFiles))).toEqual([]);
});

test("a proof launches a kernel of the file that it is named after", async () => {
  const engine = await testEngine();
  for (const [file, proofs] of Object.entries(PROOFS))
    for (const [name, spec] of Object.entries(proofs))
      expect(
        launchesOf(engine, spec).map(({ shader }) => shader.file),
        `${file}, ${name}`,
      ).toContain(`shaders/${file}.wgsl`);
});
