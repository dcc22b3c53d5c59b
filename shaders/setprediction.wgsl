// Sets of predictions and sets of objects: which query answers for which object, and what it is to answer.
//
//   cost    out[b, s, q] = classes (-p_q(label_s)) + l1 |box_q - box_s|_1 + giou (-GIoU(box_q, box_s)) of object s and query q, p by softmax
//           over all columns, boxes as shares of the image (centre, width, height)
//   assign  slots[b, q] = the object of query q, objects where it has none: the assignment of least cost, one query to each object
//   taught  of each query: labels (the object's class, `none` where it has no object), boxes (corners in pixels), weights (1 with an object,
//           else 0), and rows of targets whose cross entropy's mean over rows is DETR's, weighted by class: w_r rows / sum_r w_r at the
//           label, w 1 with an object and no_object without, which sum to objects + no_object (rows - objects)
//
// Layout. Objects of an image fill its first slots; a label of `none` or more says that a slot is empty. A lane owns an element of
// cost, an image in assign (a few objects and a few dozen queries), a query in taught.
//
// assign is the Hungarian method by shortest augmenting paths, with potentials u of objects and v of queries (Jonker and Volgenant 1987;
// the form is e-maxx's). Column 0 stands for "no query yet". A cost that is no number reaches no column, and its object stays alone.
const SLOTS = 17u; // queries + 1

struct Params {
  images: u32,
  objects: u32, // slots per image
  queries: u32,
  columns: u32, // logits of a query
  none: u32, // the label of no object
  side: f32, // of the image, in pixels
  classes: f32, // weights of the cost
  l1: f32,
  giou: f32,
  present: f32, // objects in the batch
  no_object: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> raw: array<vec4f>;
@group(0) @binding(2) var<storage, read> known: array<u32>; // labels of objects
@group(0) @binding(3) var<storage, read> truths: array<vec4f>; // their corners in pixels
@group(0) @binding(4) var<storage, read> costs: array<f32>;
@group(0) @binding(5) var<storage, read> chosen: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> slots: array<u32>;
@group(0) @binding(8) var<storage, read_write> labels: array<u32>;
@group(0) @binding(9) var<storage, read_write> boxes: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> weights: array<f32>;
@group(0) @binding(11) var<storage, read_write> targets: array<f32>;
@group(0) @binding(12) var<uniform> params: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

fn sigmoid(v: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-v));
}

fn area(size: vec2f) -> f32 {
  return size.x * size.y;
}

fn giou_of(a: vec4f, b: vec4f) -> f32 {
  let both = area(max(min(a.zw, b.zw) - max(a.xy, b.xy), vec2f()));
  let all = max(area(a.zw - a.xy) + area(b.zw - b.xy) - both, 1e-12);
  let hull = max(area(max(a.zw, b.zw) - min(a.xy, b.xy)), 1e-12);
  return both / all - (hull - all) / hull;
}

fn probability(p: Params, row: u32, label: u32) -> f32 {
  let start = row * p.columns;
  var top = logits[start];
  for (var c = 1u; c < p.columns; c++) {
    top = max(top, logits[start + c]);
  }
  var sum = 0.0;
  for (var c = 0u; c < p.columns; c++) {
    sum += exp(logits[start + c] - top);
  }
  return exp(logits[start + label] - top) / sum;
}

@compute @workgroup_size(64)
fn cost(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= p.images * p.objects * p.queries) {
    return;
  }
  let object = i / p.queries;
  let query = (object / p.objects) * p.queries + i % p.queries;
  var v = 0.0;
  if (known[object] < p.none) {
    let share = sigmoid(raw[query]);
    let truth = truths[object] / p.side;
    let d = abs(share - vec4f(0.5 * (truth.xy + truth.zw), truth.zw - truth.xy));
    let corners = vec4f(share.xy - 0.5 * share.zw, share.xy + 0.5 * share.zw);
    v = p.l1 * (d.x + d.y + d.z + d.w) - p.classes * probability(p, query, known[object]) - p.giou * giou_of(corners, truth);
  }
  out[i] = v;
}

const FAR = 3.0e38;

@compute @workgroup_size(32)
fn assign(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let image = id.x;
  if (image >= p.images) {
    return;
  }
  var u: array<f32, SLOTS>; // by object, from 1
  var v: array<f32, SLOTS>; // by query, from 1
  var held: array<u32, SLOTS>; // the object that a query has
  var way: array<u32, SLOTS>; // the query before on the path
  var least: array<f32, SLOTS>;
  var done: array<u32, SLOTS>;
  for (var j = 0u; j <= p.queries; j++) {
    u[j] = 0.0;
    v[j] = 0.0;
    held[j] = 0u;
    way[j] = 0u;
  }
  for (var i = 1u; i <= p.objects; i++) {
    if (known[image * p.objects + i - 1u] >= p.none) {
      break;
    }
    held[0] = i;
    for (var j = 0u; j <= p.queries; j++) {
      least[j] = FAR;
      done[j] = 0u;
    }
    var at = 0u;
    for (var step = 0u; step <= p.queries; step++) {
      done[at] = 1u;
      let object = held[at];
      let row = (image * p.objects + object - 1u) * p.queries;
      var delta = FAR;
      var next = 0u;
      for (var j = 1u; j <= p.queries; j++) {
        if (done[j] == 0u) {
          let reduced = costs[row + j - 1u] - u[object] - v[j];
          if (reduced < least[j]) {
            least[j] = reduced;
            way[j] = at;
          }
          if (least[j] < delta) {
            delta = least[j];
            next = j;
          }
        }
      }
      at = next;
      if (next == 0u) {
        break;
      }
      for (var j = 0u; j <= p.queries; j++) {
        if (done[j] == 1u) {
          u[held[j]] += delta;
          v[j] -= delta;
        } else {
          least[j] -= delta;
        }
      }
      if (held[at] == 0u) {
        break;
      }
    }
    // Back along the path each query takes over the object of the one before.
    for (var step = 0u; step <= p.queries; step++) {
      if (at == 0u) {
        break;
      }
      held[at] = held[way[at]];
      at = way[at];
    }
  }
  for (var j = 1u; j <= p.queries; j++) {
    slots[image * p.queries + j - 1u] = select(held[j] - 1u, p.objects, held[j] == 0u);
  }
}

@compute @workgroup_size(64)
fn taught(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  let rows = p.images * p.queries;
  if (row >= rows) {
    return;
  }
  let slot = chosen[row];
  let found = slot < p.objects;
  var label = p.none;
  var box = vec4f();
  if (found) {
    label = known[(row / p.queries) * p.objects + slot];
    box = truths[(row / p.queries) * p.objects + slot];
  }
  labels[row] = label;
  boxes[row] = box;
  weights[row] = f32(found);
  let all = p.present + p.no_object * (f32(rows) - p.present);
  let w = select(p.no_object, 1.0, found) * f32(rows) / all;
  for (var c = 0u; c < p.columns; c++) {
    targets[row * p.columns + c] = select(0.0, w, c == label);
  }
}
