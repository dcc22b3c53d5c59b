import { describe, test } from "vitest";
import { saliency, selfAttention } from "./attention";
import { saliencyCase } from "./cases/saliency";
import { crossAttentionCase, selfAttentionCase } from "./cases/variants";
import { type Check, check, testEngine } from "./check";
import { topk } from "./select";
import { ATTENTION, choose } from "./variants";

const self = (d: Parameters<typeof selfAttentionCase>[0]): [string, Check] => [
  `self: heads of ${d.headDim}, ${d.keys} tokens`,
  selfAttentionCase(d),
];
const proofs: [string, Check][] = [
  self({ batch: 2, heads: 2, headDim: 4, queries: 9, keys: 9 }),
  self({ batch: 1, heads: 3, headDim: 5, queries: 7, keys: 7 }),
  self({ batch: 2, heads: 2, headDim: 16, queries: 65, keys: 65 }),
  ["cross: one query", crossAttentionCase({ batch: 3, heads: 2, headDim: 4, queries: 1, keys: 10 })],
];

describe.each(Object.keys(ATTENTION))("attention by %s", (name) => {
  test.for(proofs)("%s", async ([, spec], { skip }) => {
    const engine = await testEngine();
    if (!ATTENTION[name].runs(engine.facts)) skip(`${name} does not run on ${engine.facts.name}`);
    choose(engine, { attentionForward: name, attentionBackward: name });
    await check(engine, spec);
  });
});

/** The lanes' shares are of two vec4s, of one and of none; and a map of 24 patches a side. */
const long = [
  { batch: 1, heads: 2, headDim: 20, queries: 9, keys: 9 },
  { batch: 1, heads: 1, headDim: 64, queries: 577, keys: 577 },
].map((d) => ({ ...d, spec: { ...selfAttentionCase(d), samples: 3 } }));

describe.each(Object.keys(ATTENTION).filter((name) => ATTENTION[name].split))("a head split over lanes by %s", (name) => {
  test.for(long)("heads of $headDim, $keys tokens", async ({ keys, spec }, { skip }) => {
    const engine = await testEngine();
    if (keys > 500 && ATTENTION[name].split === "memory") skip("barriers are slow on a software adapter");
    if (!ATTENTION[name].runs(engine.facts)) skip(`${name} does not run on ${engine.facts.name}`);
    choose(engine, { attentionForward: name, attentionBackward: name });
    await check(engine, spec);
  });
});

const readings = [
  ["cls", "code", false],
  ["cls", "eq2", false],
  ["cls", "code", true],
  ["lead", "code", false],
  ["lead", "eq2", true],
  ["patches", "code", false],
  ["patches", "eq2", false],
  ["patches", "eq2", true],
] as const;
const salient: [string, Check][] = [
  ...readings.flatMap(([queries, reading, perHead]) =>
    [1, 2].map((lead): [string, Check] => [
      `${queries} queries, ${reading} reading${perHead ? ", heads apart" : ""}, ${lead} before the patches`,
      saliencyCase({ queries, reading, perHead }, { lead }),
    ]),
  ),
  ...(["code", "eq2"] as const).flatMap((reading) =>
    (["cls", "patches", "det"] as const).map((queries): [string, Check] => [
      `${queries} queries, ${reading} reading, two tokens after the patches`,
      saliencyCase({ queries, reading }, { tail: 2 }),
    ]),
  ),
];

describe.each(Object.keys(ATTENTION))("saliency by %s", (name) => {
  test.for(salient)("%s", async ([, spec], { skip }) => {
    const engine = await testEngine();
    if (!ATTENTION[name].runs(engine.facts)) skip(`${name} does not run on ${engine.facts.name}`);
    choose(engine, { attentionBackward: name });
    await check(engine, spec);
  });
});

/** Queries and keys of one image whose class token attends exactly as `rows` say, a row per head of one number. */
function attending(rows: number[][]): number[] {
  const tokens = rows[0].length;
  return Array.from({ length: tokens }, (_, token) => [
    ...rows.map(() => 1),
    ...rows.map((row) => Math.log(row[token])),
    ...rows.map(() => 0),
  ]).flat();
}

test.each(["code", "eq2"] as const)("which patch the %s reading picks", async (reading) => {
  const rows = [
    [0.9, 0.08, 0.02],
    [0.1, 0.36, 0.54],
  ];
  const d = { batch: 1, heads: 2, headDim: 1 };
  await check(await testEngine(), {
    inputs: { qkv: { shape: [3, 6], data: attending(rows) } },
    op: ({ qkv }) => {
      const score = saliency(selfAttention(qkv, d).trace, { reading });
      return [score, topk(score, 1)];
    },
    reference: () => (reading === "code" ? [[0.22, 0.28], [1]] : [[0.6, 0.4], [0]]),
  });
});

test("Eq. 2 ranks the patches of a head that attends to almost nothing but the class token", async () => {
  const d = { batch: 1, heads: 1, headDim: 1 };
  const qkv = [1, 60, 0, 1, 0, 0, 1, Math.log(3), 0];
  await check(await testEngine(), {
    inputs: { qkv: { shape: [3, 3], data: qkv } },
    op: ({ qkv }) => saliency(selfAttention(qkv, d).trace, { reading: "eq2" }),
    reference: () => [[0.25, 0.75]],
  });
});
