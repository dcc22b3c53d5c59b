/**
 * A set of predictions against the set of objects that are there: each object gets the query that answers for it at least cost, found
 * exactly and on the GPU, so that a step stays one list of launches. See shaders/setprediction.wgsl.
 *
 * Carion et al., "End-to-end object detection with transformers" (DETR), ECCV 2020; weights as in its code.
 */
import { type Live, Tensor } from "../engine/graph";
import { boxLoss, deltaLoss, type Level } from "./detection";
import { crossEntropy, type Loss } from "./losses";

/** What is on each of B images, up to G objects. */
export interface Objects {
  /** Classes u32 [B, G], the objects first; the number of classes where there is none. */
  labels: Tensor;
  /** Corners in pixels, f32 [B, G, 4]. */
  boxes: Tensor;
  /** Pixels along an edge of an image. */
  side: number;
  /** How many objects there are in the batch. */
  count: number | Live;
}

/** What the queries answer. */
export interface Predictions {
  /** Logits of K classes and, last, of no object: [B, M, K + 1]. */
  logits: Tensor;
  /** Numbers whose sigmoids are centre, width and height as shares of the image: [B, M, 4]. */
  boxes: Tensor;
}

/** Weights of the cost of giving an object to a query: of its class's probability, of the L1 distance of boxes, of their GIoU. */
const COST = { classes: 1, l1: 5, giou: 2 };

/** Which object each query answers for, u32 [B, M]; G where it has none. No gradient. Throws when shapes disagree or G exceeds M. */
export function assignment({ logits, boxes }: Predictions, objects: Objects): Tensor {
  const [images, queries, columns] = logits.shape;
  const slots = objects.labels.cols;
  const { graph } = logits;
  if (logits.shape.length !== 3 || boxes.size !== 4 * images * queries)
    throw new Error(`assignment: logits are [${logits.shape}], boxes [${boxes.shape}]`);
  if (objects.labels.dtype !== "u32" || objects.labels.rows !== images || objects.boxes.size !== 4 * images * slots || slots > queries)
    throw new Error(`assignment: objects are [${objects.labels.shape}] and [${objects.boxes.shape}] for ${images} x ${queries} queries`);
  for (const t of [logits, boxes]) if (t.stride !== t.cols || t.offset) throw new Error("assignment: predictions with gaps");
  const params = { ...NONE, images, objects: slots, queries, columns, none: columns - 1, side: objects.side };
  const costs = graph.temp([images, slots, queries]);
  graph.launch("setprediction", "cost", {
    bind: { logits, raw: boxes, known: objects.labels, truths: objects.boxes, out: costs },
    params: { ...params, ...COST },
    threads: costs.size,
  });
  const chosen = graph.temp([images, queries], "u32");
  graph.launch("setprediction", "assign", {
    constants: { SLOTS: queries + 1 },
    bind: { known: objects.labels, costs, slots: chosen },
    params,
    threads: images,
  });
  return chosen;
}

/** Parameters that an entry point does not read. */
const NONE = { classes: 0, l1: 0, giou: 0, present: 0, no_object: 0 };

/**
 * DETR's losses, before their weights. `ce`: cross entropy of the classes, where queries without an object count `noObject`, divided by
 * the sum of those weights. `l1` and `giou`: of the boxes of queries that have an object, divided by the number of objects.
 */
export function setLosses(predictions: Predictions, objects: Objects, noObject: number | Live): Record<"ce" | "l1" | "giou", Loss> {
  const { logits, boxes } = predictions;
  const [images, queries, columns] = logits.shape;
  const chosen = assignment(predictions, objects);
  const { graph } = logits;
  const labels = graph.temp([images, queries], "u32");
  const truths = graph.temp([images, queries, 4]);
  const weights = graph.temp([images, queries]);
  const targets = graph.temp([images * queries, columns]);
  const none = columns - 1;
  graph.launch("setprediction", "taught", {
    bind: { known: objects.labels, truths: objects.boxes, chosen, labels, boxes: truths, weights, targets },
    params: {
      ...{ ...NONE, images, objects: objects.labels.cols, queries, columns, none, side: objects.side },
      ...{ present: objects.count, no_object: noObject },
    },
    threads: images * queries,
  });
  const cls = new Tensor(graph, logits.storage, [images * queries, none], "f32", false, 0, columns);
  const level: Level = { cls, box: boxes, labels, boxes: truths, weights, anchors: truths, stride: objects.side };
  const scaling = { coder: "shares", normaliser: objects.count } as const;
  return {
    ce: crossEntropy(logits.reshape([images * queries, columns]), { targets }),
    l1: deltaLoss([level], scaling),
    giou: boxLoss([level], { ...scaling, form: "giou" }),
  };
}
