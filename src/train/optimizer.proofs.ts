/**
 * What proves the optimizer's kernels on an adapter: updates of a small model beside float64; and what mixed precision relies on, that a
 * gradient too large for f16 is seen and its update left out.
 */
import type { AdapterFacts } from "../engine/device";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { BLOCK, Params } from "../models/params";
import { copyBlocks } from "../ops/copyblocks";
import { type Part, upload } from "../ops/evidence";
import { Stopwatch, shortest } from "../ops/timing";
import { judged, type Proof } from "../ops/verify";
import type { OptimizerOptions } from "../tasks/task";
import { Optimizer, readScaler } from "./optimizer";
import { gradientsAt, Reference, type Rig, release, rig, step } from "./optimizer.reference";

export const optimizerProofs = ({ half }: AdapterFacts): Readonly<Record<string, Proof>> => ({
  AdamW: follows({ kind: "adamw" }),
  "AdamW, clipped": follows({ kind: "adamw", clip: "all", limit: 3 }),
  "AdamW, clipped one by one": follows({ kind: "adamw", clip: "each", limit: 1 }),
  "AdamW, loss scale": follows({ kind: "adamw" }, SCALE),
  SGD: follows({ kind: "sgd" }),
  "SGD, clipped, loss scale": follows({ kind: "sgd", clip: "all", limit: 3 }, SCALE),
  ...(half && { "overflow of f16": overflows((t) => t.graph.cast(t, "f16")), "overflow of f16, packed": overflows(packed) }),
});

/** The loss scale at first; it doubles after so many updates. */
const SCALE = 512;
const INTERVAL = 3;

const parts = (weights: ReadonlyMap<string, ArrayLike<number> | { data: ArrayLike<number> }>): Part[] =>
  [...weights].map(([what, of]) => ({ what, values: "data" in of ? of.data : of, gradient: false }));

/** Updates as float64 makes them. With a loss scale, a step that overflows comes first: it halves the scale, which is back after the updates. */
function follows(options: OptimizerOptions, scale?: number): Proof {
  return async (engine) => {
    const r = await rig(engine, { ...options, ...(scale && { scaling: { initial: scale, interval: INTERVAL } }) });
    try {
      const knobs = { lr: 0.02, decay: 0.1, limit: options.limit ?? 1 };
      for (const key of ["lr", "decay"] as const) r.optimizer.knobs[key].value = knobs[key];
      if (scale) await step(r, overflowing());
      const reference = new Reference(options);
      for (let t = 0; t < INTERVAL; t++) {
        reference.update(gradientsAt(t), knobs);
        await step(
          r,
          gradientsAt(t).map((g) => g.map((v) => v * ((scale ?? 2) / 2))),
        );
      }
      const found = [...parts(await r.params.read()), await scalerOf(r)];
      const expected = [...parts(reference.weights), { what: "scale", values: scale ? [scale, 0, 1] : [], gradient: false }];
      return { ...judged("weights", found, expected), ms: await shortest(new Stopwatch(r.program)) };
    } finally {
      release(r);
    }
  };
}

function overflowing(): Float64Array[] {
  const gradients = gradientsAt(0);
  gradients[4][3] = Number.POSITIVE_INFINITY;
  return gradients;
}

/** The loss scale, updates since it changed, and updates left out. */
async function scalerOf({ optimizer }: Rig): Promise<Part> {
  const { scaler = [] } = await optimizer.state();
  return { what: "scale", values: scaler.slice(0, 3), gradient: false };
}

/** The largest number of f16, and others that are too large by more than rounding takes back. */
const VALUES = [65504, 65536, 1e5, 1e9, 3e38, -65536, -3e38];

/** A gradient that passes through f16 as `halved` makes it: of VALUES the first is an update, the others are left out and counted. */
function overflows(halved: (t: Tensor, first: Tensor) => Tensor): Proof {
  return async (engine) => {
    const params = new Params(engine, new Map([["w", { shape: [BLOCK], data: new Float32Array(BLOCK) }]]));
    const optimizer = new Optimizer(params, { kind: "sgd", scaling: { initial: 1 } });
    const [source, first] = [upload(engine, new Float32Array(BLOCK), "f32"), upload(engine, [0], "u32")];
    const graph = new Graph(engine, optimizer.mixed);
    const gradient = halved(graph.fixed(source, [BLOCK]), graph.fixed(first, [1], "u32"));
    optimizer.update(graph.gradients((g) => g.alias(params.on(graph, true).w, gradient)));
    const program = await Program.compile(graph, { scaler: optimizer.scalerOn(graph) as Tensor });
    const leftOut: number[] = [];
    for (const value of VALUES) {
      engine.device.queue.writeBuffer(source, 4 * (BLOCK - 1), Float32Array.of(value));
      optimizer.advance();
      leftOut.push(readScaler((await program.fetch()).scaler).skipped);
    }
    const ms = await shortest(new Stopwatch(program));
    release({ engine, params, optimizer, program, sources: [source, first] });
    const what = `updates left out after gradients of ${VALUES}`;
    const part = (values: number[]): Part[] => [{ what, values, gradient: false }];
    return { ...judged("f16", part(leftOut), part(VALUES.map((_, i) => i))), ms };
  };
}

/** Four numbers at a time, as matrices are. `first` holds the number of the only block. */
function packed(t: Tensor, first: Tensor): Tensor {
  const out = t.graph.temp(t.shape, "f16");
  copyBlocks(t, first, out);
  return out;
}
