/** A tiny batch for tests of methods: random features and logits stand for student and teacher. */
import type { Engine } from "../../engine/device";
import { Graph, Live, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { Fetched } from "../../engine/readback";
import { stageChannels } from "../../models/detector/config";
import { type GradientReader, gradientReader } from "../../models/gradients.fixture";
import { Params } from "../../models/params";
import type { Weights } from "../../models/weights";
import { randoms, upload } from "../../ops/check";
import { type ChoicesOf, type Knobs, type LiveOf, mapName, type View } from "../method";
import type { DetectionMethod, Dimensions, Outputs } from "./method";
import { initModules } from "./modules";

export interface Scene {
  batch: number;
  /** Sides of the pyramid's maps; the image is eight times the first. */
  sides: number[];
  student: number;
  teacher: number;
  classes: number;
  anchors: number;
}

export const SMALL: Scene = { batch: 2, sides: [8, 5, 2], student: 6, teacher: 8, classes: 3, anchors: 2 };

/** Values of knobs: their defaults but for `changes`. */
export function valuesOf(knobs: Knobs, changes: Record<string, number | string> = {}): LiveOf<Knobs> {
  const value = (name: string) => changes[name] ?? knobs[name].default;
  return Object.fromEntries(
    Object.keys(knobs).map((name) => [name, knobs[name].kind === "number" ? new Live(Number(value(name))) : value(name)]),
  ) as LiveOf<Knobs>;
}

/** A backbone in keeping with a pyramid. */
const backbone = (channels: number) => ({ width: Math.ceil(channels / 2), block: "basic" as const });
/** Height and width of C3, C4 or C5. */
const stageSides = ([first]: number[], i: number) => [Math.ceil(first / 2 ** i), Math.ceil(first / 2 ** i)];

/** What student or teacher made of the batch, as weights: `pyramid.L`, `cls.L`, `box.L`, and `stage.0` to `stage.2`. */
export function features({ batch, sides, classes, anchors }: Scene, channels: number, seed: number): Weights {
  const depth = { pyramid: channels, cls: classes * anchors, box: 4 * anchors };
  const stages = stageChannels(backbone(channels)).slice(1);
  const shapes = sides.flatMap((side, l) =>
    Object.entries(depth).map(([name, cols]): [string, number[]] => [`${name}.${l}`, [batch, side, side, cols]]),
  );
  const encoded = stages.map((cols, i): [string, number[]] => [`stage.${i}`, [batch, ...stageSides(sides, i), cols]]);
  return new Map(
    [...shapes, ...encoded].map(([name, shape], i) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: Float32Array.from(randoms(count, 100 * seed + i), (v) => 1.5 * v + 0.2) }];
    }),
  );
}

function outputsOf(bound: Record<string, Tensor>, config: Dimensions): Outputs {
  const levels = Array.from({ length: config.levels }, (_, l) => ({ cls: bound[`cls.${l}`], box: bound[`box.${l}`] }));
  const stages = [0, 1, 2].map((i) => bound[`stage.${i}`]);
  return { config, stages, pyramid: levels.map((_, l) => bound[`pyramid.${l}`]), levels };
}

export interface Trial {
  knobs: Record<string, number | string>;
  scene?: Scene;
  /** Stands for what the student made of the batch. */
  student?: Weights;
  teacher?: Weights;
  /** Overwrites modules' fresh values. */
  modules?: (fresh: Weights) => Weights;
  /** Which terms are differentiated, all with weight 1 when absent. */
  terms?: string[];
}

/** A method's losses on a scene: compiled once, run with whatever `params` and `knobs` hold. */
export interface Distillation {
  /** Student features under their names and modules as `kd.NAME`. */
  params: Params;
  weights: Weights;
  knobs: LiveOf<Knobs>;
  teacher: Weights;
  step: Live;
  terms: string[];
  views: View[];
  /** `maps` by the names that `mapName` gives the views. */
  run(): Promise<{ values: Record<string, number>; maps: Fetched; gradients: Map<string, Float64Array> }>;
}

export async function distill(engine: Engine, method: DetectionMethod, trial: Trial): Promise<Distillation> {
  const { scene = SMALL } = trial;
  const dimensions = (channels: number): Dimensions => ({
    ...{ ...scene, ...backbone(channels), image: 8 * scene.sides[0], channels, levels: scene.sides.length },
  });
  const [student, teacher] = [dimensions(scene.student), dimensions(scene.teacher)];
  const knobs = valuesOf(method.knobs, trial.knobs);
  const fresh = initModules(method.modules(student, teacher, knobs as ChoicesOf<Knobs>), 1);
  const modules = [...(trial.modules?.(fresh) ?? fresh)].map(([name, weight]) => [`kd.${name}`, weight] as const);
  const weights: Weights = new Map([...(trial.student ?? features(scene, scene.student, 1)), ...modules]);
  const frozen = trial.teacher ?? features(scene, scene.teacher, 2);
  const [params, target] = [new Params(engine, weights), new Params(engine, frozen)];
  const graph = new Graph(engine);
  const bound = params.on(graph, true);
  const step = new Live(0);
  const random = { seed: 3, step };
  const mask = method.visible?.({ graph, batch: scene.batch, image: student.image, knobs, random });
  const { losses, views } = method.losses({
    ...{ student: outputsOf(bound, student), teacher: outputsOf(target.on(graph, false), teacher) },
    ...{ knobs, random, visible: mask?.cells },
    boxes: graph.fixed(upload(engine, boxes(scene), "f32"), [scene.batch, 2, 4]),
    assigned: {
      labels: labels(scene).map((level) => graph.fixed(upload(engine, level, "u32"), [level.length], "u32")),
      positives: new Live(3),
    },
    modules: Object.fromEntries(modules.map(([name]) => [name.slice(3), bound[name]])),
  });
  const terms = Object.keys(losses);
  const grads = graph.gradients((g) => {
    for (const term of trial.terms ?? terms) losses[term].seed(1, g);
  });
  const reader: GradientReader = gradientReader(params, grads);
  const values = Object.fromEntries(terms.map((term) => [`value ${term}`, losses[term].value]));
  const maps = Object.fromEntries(views.map((view) => [mapName(view), view.tensor]));
  const program = await Program.compile(graph, { ...maps, ...values, ...reader.outputs });
  const run = async () => {
    const fetched = await program.fetch();
    const found = Object.fromEntries(terms.map((term) => [term, fetched[`value ${term}`][0]]));
    const pictures = Object.fromEntries(Object.keys(maps).map((name) => [name, fetched[name]]));
    return { values: found, maps: pictures, gradients: reader.read(fetched) };
  };
  return { params, weights, knobs, teacher: frozen, step, terms, views, run };
}

/** Level by level, a class for each prior: one in five is positive, one ignored. */
export function labels({ batch, sides, classes, anchors }: Scene): Float64Array[] {
  const label = (at: number) => (at % 5 === 1 ? (at + (at >> 3)) % classes : classes + Number(at % 5 === 3));
  return sides.map((side) => Float64Array.from({ length: batch * side * side * anchors }, (_, at) => label(at)));
}

/** A box in the middle of every image, and an empty slot. */
function boxes({ batch, sides }: Scene): number[] {
  const side = 8 * sides[0];
  return Array.from({ length: batch }, (_, b) => [0.2 * side, 0.3 * side, (0.6 + 0.1 * b) * side, 0.7 * side, 0, 0, 0, 0]).flat();
}
