/** From a head's answers to boxes without doubles, as decode.ts has it, in the operators of ONNX: for one image. */
import type { OnnxGraph } from "../onnx";
import { type DetectorConfig, priorCounts, strides } from "./config";
import { ATSS_STDS, KEEP, LEAST_SCORE, LEVEL_BEST, MOST_LOG, SUPPRESS } from "./decode";
import { priors } from "./priors";

/** Raw answers of a pyramid level, a row for each prior: cls [1, n, K], box [1, n, 4 or bins], centerness [1, n, 1]. */
export interface LevelRows {
  cls: string;
  box: string;
  centerness?: string;
}

/** Names of the graph's outputs. */
export interface Found {
  boxes: string;
  scores: string;
  labels: string;
}

/** Adds everything behind the heads to `graph`. */
export function detections(graph: OnnxGraph, config: DetectorConfig, levels: readonly LevelRows[]): Found {
  return new Decoder(graph, config).found(levels);
}

class Decoder {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: DetectorConfig,
  ) {}

  found(levels: readonly LevelRows[]): Found {
    const { graph, config } = this;
    const joined = (parts: string[]) => (parts.length > 1 ? graph.node("Concat", parts, { axis: 1 }) : parts[0]);
    const scores = graph.node("Transpose", [joined(levels.map((level, l) => this.scores(level, l)))], { perm: [0, 2, 1] });
    const boxes = this.boxes(joined(levels.map(({ box }) => box)));
    const most = graph.whole([KEEP]);
    const kept = graph.node("NonMaxSuppression", [boxes, scores, most, graph.number(SUPPRESS[config.kind]), graph.number(0)]);
    // Rows of image, class and prior.
    const of = (column: number) => graph.node("Gather", [kept, graph.whole([column], [])], { axis: 1 });
    const all = graph.node("GatherND", [scores, kept]);
    const count = graph.node("Min", [graph.node("Shape", [all]), most]);
    const [best, places] = graph.outputs("TopK", [all, count], {}, 2);
    const chosen = (column: string) => graph.node("Gather", [column, places], { axis: 0 });
    const rows = graph.node("Squeeze", [boxes, graph.whole([0])]);
    graph.node("Identity", [best], {}, "scores");
    graph.node("Identity", [chosen(of(1))], {}, "labels");
    graph.node("Gather", [rows, chosen(of(2))], { axis: 0 }, "boxes");
    return { boxes: "boxes", scores: "scores", labels: "labels" };
  }

  /** Scores [1, n, K] of a level, 0 where the class's own is too low or not among the level's best. */
  private scores({ cls, centerness }: LevelRows, level: number): string {
    const { graph, config } = this;
    const count = priorCounts(config)[level] * config.classes;
    const own = graph.node("Sigmoid", [cls]);
    const enough = graph.node("Greater", [own, graph.number(LEAST_SCORE)]);
    const good = count > LEVEL_BEST ? graph.node("And", [enough, this.amongBest(own)]) : enough;
    const whole = centerness ? graph.node("Mul", [own, graph.node("Sigmoid", [centerness])]) : own;
    return graph.node("Where", [good, whole, graph.number(0)]);
  }

  private amongBest(scores: string): string {
    const { graph } = this;
    const flat = graph.node("Reshape", [scores, graph.whole([-1])]);
    const [best] = graph.outputs("TopK", [flat, graph.whole([LEVEL_BEST])], {}, 2);
    const last = graph.node("Gather", [best, graph.whole([LEVEL_BEST - 1], [])], { axis: 0 });
    return graph.node("GreaterOrEqual", [scores, last]);
  }

  /** Boxes [1, N, 4] of the raw numbers of all priors, cut at the image's border. */
  private boxes(raw: string): string {
    const { graph, config } = this;
    const corners = config.kind === "gfl" || config.kind === "fcos" ? this.fromDistances(raw) : this.fromDeltas(raw);
    return graph.node("Clip", [corners, graph.number(0), graph.number(config.image)]);
  }

  private fromDistances(raw: string): string {
    const { graph, config } = this;
    const distances = config.kind === "fcos" ? graph.node("Exp", [raw]) : graph.node("Mul", [this.expected(raw), this.strides()]);
    const centre = this.anchors("centre");
    const near = graph.node("Sub", [centre, this.two(distances, 0)]);
    return graph.node("Concat", [near, graph.node("Add", [centre, this.two(distances, 2)])], { axis: 2 });
  }

  /** GFL: the mean of the bins under their softmax [1, N, 4]. */
  private expected(raw: string): string {
    const { graph } = this;
    const bins = this.config.regMax + 1;
    const shares = graph.node("Softmax", [graph.node("Reshape", [raw, graph.whole([1, -1, 4, bins])])], { axis: 3 });
    const numbers = graph.weights(
      "bins",
      [bins, 1],
      Float32Array.from({ length: bins }, (_, i) => i),
    );
    return graph.node("Squeeze", [graph.node("MatMul", [shares, numbers]), graph.whole([3])]);
  }

  private fromDeltas(raw: string): string {
    const { graph, config } = this;
    const stds = graph.weights("stds", [4], Float32Array.from(config.kind === "atss" ? ATSS_STDS : [1, 1, 1, 1]));
    const deltas = graph.node("Mul", [raw, stds]);
    const [centre, size] = [this.anchors("centre"), this.anchors("size")];
    const middle = graph.node("Add", [centre, graph.node("Mul", [this.two(deltas, 0), size])]);
    const logs = graph.node("Clip", [this.two(deltas, 2), graph.number(-MOST_LOG), graph.number(MOST_LOG)]);
    const half = graph.node("Mul", [graph.node("Mul", [size, graph.node("Exp", [logs])]), graph.number(0.5)]);
    return graph.node("Concat", [graph.node("Sub", [middle, half]), graph.node("Add", [middle, half])], { axis: 2 });
  }

  /** Two neighbouring columns of [1, N, 4]. */
  private two(x: string, first: number): string {
    return this.graph.node("Gather", [x, this.graph.whole([first, first + 1])], { axis: 2 });
  }

  /** Centres or sizes of all anchors, [N, 2]. */
  private anchors(what: "centre" | "size"): string {
    const all = priors(this.config).flatMap((level) => [...level]);
    const values = Float32Array.from({ length: all.length / 2 }, (_, i) => {
      const at = 4 * Math.floor(i / 2) + (i % 2);
      return what === "centre" ? (all[at] + all[at + 2]) / 2 : all[at + 2] - all[at];
    });
    return this.graph.weights(`anchors.${what}`, [all.length / 4, 2], values);
  }

  /** Of each prior its level's, [N, 1]. */
  private strides(): string {
    const each = strides(this.config);
    const all = priorCounts(this.config).flatMap((count, level) => Array(count).fill(each[level]) as number[]);
    return this.graph.weights("strides", [all.length, 1], Float32Array.from(all));
  }
}
