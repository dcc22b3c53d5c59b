// Losses of dense detectors: a term for each row (a prior of an image), and its gradient.
//
// A row's label is its class below `classes` (then it is positive and truths[row] is its box), `classes` for background,
// or more: ignored. Every term is multiplied by share = weight factor / normaliser, the normaliser a parameter or, with
// MEASURED, a number found on the GPU. p = sigmoid(x), softplus(x) = ln(1 + e^x), w = given[row].
//
//   class_loss         focal: alpha (1-p)^2 softplus(-x) at the label, else (1-alpha) p^2 softplus(x); summed over classes.
//                      QUALITY: (y-p)^2 (softplus(x) - x y), y = given[row] at the label, else 0
//   centerness_loss    softplus(x) - x w at positives
//   box_loss           w times -ln IoU or (GIOU) 1 - GIoU at positives, of the box that CODER makes of the raw numbers
//   distribution_loss  w / 4 times the cross-entropy of each side with (1-f, f) at bins floor(y), floor(y) + 1; f = y - floor(y)
//   delta_loss         |raw - delta|, or of CODER 3 |share - truth's|, for each of four at positives
//   .._gradient        dx = share times the term's derivative
//   overlaps           out[row] = IoU of the box with the truth at positives, else 0
//   peaks              out[row] = max_c p at positives, else 0
//
// CODER. 0: e^raw are the pixels from the prior's centre to left, top, right and bottom. 1: raw times stds are the centre's
// shift in prior sizes and the logarithm of the size's ratio. 2: as 0, but the distance is stride sum_j j softmax(raw)_j.
// 3: sigmoid(raw) are the centre, width and height of the box as shares of the image, which is `stride` pixels wide; no priors.
//
// Layout. raw and logits have no gaps and are read as rows of 4, of 4 bins or of `classes`, whatever their last axis (cols,
// which `other`, an earlier gradient added with ADD, follows). Priors repeat for every image. A lane owns a row, a side of it,
// or (gradients of classes and deltas) an element. At ties of max and min, where there is no derivative, edges count as fixed.
const QUALITY = false;
const GIOU = true;
const CODER = 0u;
const MEASURED = false;
const ADD = false;

struct Params {
  rows: u32,
  classes: u32,
  priors: u32, // per image
  bins: u32,
  cols: u32,
  given_offset: u32,
  out_offset: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  stride: f32, // pixels per cell, or of the image
  std_x: f32,
  std_y: f32,
  std_w: f32,
  std_h: f32,
  normaliser: f32,
  weight: f32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> raw: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> truths: array<vec4f>;
@group(0) @binding(3) var<storage, read> given: array<f32>;
@group(0) @binding(4) var<storage, read> anchors: array<vec4f>;
@group(0) @binding(5) var<storage, read> measured: array<f32>;
@group(0) @binding(6) var<storage, read> other: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

fn positive(p: Params, row: u32) -> bool {
  return labels[row] < p.classes;
}

fn share(p: Params) -> f32 {
  var normaliser = p.normaliser;
  if (MEASURED) {
    normaliser = measured[0];
  }
  return p.weight * p.factor / max(normaliser, 1e-6);
}

// The gradient that is there already.
fn earlier(p: Params, i: u32) -> f32 {
  if (ADD) {
    let row = i / p.cols;
    if (row % p.add_every == 0u) {
      return other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  return 0.0;
}

// sigmoid(x), 1 - sigmoid(x) and softplus(x), none of which overflows or cancels.
struct Logistic {
  p: f32,
  not_p: f32,
  plus: f32,
}

fn logistic(x: f32) -> Logistic {
  let e = exp(-abs(x));
  let likely = 1.0 / (1.0 + e);
  return Logistic(select(e * likely, likely, x > 0.0), select(likely, e * likely, x > 0.0), max(x, 0.0) + log(1.0 + e));
}

// ---- classes ----

const ALPHA = 0.25;

@compute @workgroup_size(64)
fn class_loss(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  let label = labels[row];
  var sum = 0.0;
  if (label <= p.classes) {
    for (var c = 0u; c < p.classes; c++) {
      sum += class_term(p, row, raw[row * p.classes + c], c == label);
    }
  }
  out[p.out_offset + row] = share(p) * sum;
}

fn class_term(p: Params, row: u32, x: f32, right: bool) -> f32 {
  let l = logistic(x);
  if (QUALITY) {
    var y = 0.0;
    if (right) {
      y = given[p.given_offset + row];
    }
    return (y - l.p) * (y - l.p) * (l.plus - x * y);
  } else {
    return select((1.0 - ALPHA) * l.p * l.p * l.plus, ALPHA * l.not_p * l.not_p * (l.plus - x), right);
  }
}

@compute @workgroup_size(64)
fn class_loss_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  let row = i / p.classes;
  if (row >= p.rows) {
    return;
  }
  let label = labels[row];
  var v = 0.0;
  if (label <= p.classes) {
    v = share(p) * class_slope(p, row, raw[i], i % p.classes == label);
  }
  out[i] = v + earlier(p, i);
}

fn class_slope(p: Params, row: u32, x: f32, right: bool) -> f32 {
  let l = logistic(x);
  if (QUALITY) {
    var y = 0.0;
    if (right) {
      y = given[p.given_offset + row];
    }
    let d = l.p - y;
    return d * (2.0 * l.p * l.not_p * (l.plus - x * y) + d * d);
  } else {
    let wrong = (1.0 - ALPHA) * l.p * l.p * (2.0 * l.not_p * l.plus + l.p);
    return select(wrong, -ALPHA * l.not_p * l.not_p * (2.0 * l.p * (l.plus - x) + l.not_p), right);
  }
}

@compute @workgroup_size(64)
fn peaks(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, row)) {
    var top = raw[row * p.classes];
    for (var c = 1u; c < p.classes; c++) {
      top = max(top, raw[row * p.classes + c]);
    }
    v = logistic(top).p;
  }
  out[p.out_offset + row] = v;
}

// ---- centerness ----

@compute @workgroup_size(64)
fn centerness_loss(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, row)) {
    v = share(p) * (logistic(raw[row]).plus - raw[row] * given[p.given_offset + row]);
  }
  out[p.out_offset + row] = v;
}

@compute @workgroup_size(64)
fn centerness_loss_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, row)) {
    v = share(p) * (logistic(raw[row]).p - given[p.given_offset + row]);
  }
  out[row] = v + earlier(p, row);
}

// ---- boxes ----

// Most pixels of e^raw, as a logarithm: squared areas stay finite. Decoding cuts at the image anyway.
const MOST_LOG = 16.0;
// Most a size may differ from its prior's, as a logarithm: ln(1000 / 16), mmdetection's.
const MOST_RATIO = 4.135166556742356;

fn raw_four(row: u32) -> vec4f {
  return vec4f(raw[4u * row], raw[4u * row + 1u], raw[4u * row + 2u], raw[4u * row + 3u]);
}

fn stds(p: Params) -> vec4f {
  return vec4f(p.std_x, p.std_y, p.std_w, p.std_h);
}

// Softmax of one side's bins: (largest logit, sum of exponentials, mean bin).
fn distribution_of(p: Params, side: u32) -> vec3f {
  let start = side * p.bins;
  var top = raw[start];
  for (var j = 1u; j < p.bins; j++) {
    top = max(top, raw[start + j]);
  }
  var sum = 0.0;
  var moment = 0.0;
  for (var j = 0u; j < p.bins; j++) {
    let e = exp(raw[start + j] - top);
    sum += e;
    moment += f32(j) * e;
  }
  return vec3f(top, sum, moment / sum);
}

// From the prior's centre to the box's sides, in pixels.
fn distances(p: Params, row: u32) -> vec4f {
  if (CODER == 2u) {
    var d = vec4f();
    for (var side = 0u; side < 4u; side++) {
      let mean = distribution_of(p, 4u * row + side).z;
      d = select(d, vec4f(p.stride * mean), vec4u(0u, 1u, 2u, 3u) == vec4u(side));
    }
    return d;
  } else {
    return exp(min(raw_four(row), vec4f(MOST_LOG)));
  }
}

// Centre and size as shares of the image.
fn shares(row: u32) -> vec4f {
  return vec4f(share_of(4u * row), share_of(4u * row + 1u), share_of(4u * row + 2u), share_of(4u * row + 3u));
}

fn share_of(i: u32) -> f32 {
  return logistic(raw[i]).p;
}

fn decode(p: Params, row: u32) -> vec4f {
  let prior = anchors[row % p.priors];
  let centre = 0.5 * (prior.xy + prior.zw);
  if (CODER == 3u) {
    let s = shares(row);
    return p.stride * vec4f(s.xy - 0.5 * s.zw, s.xy + 0.5 * s.zw);
  } else if (CODER == 1u) {
    let size = prior.zw - prior.xy;
    let d = raw_four(row) * stds(p);
    let half = 0.5 * size * exp(clamp(d.zw, vec2f(-MOST_RATIO), vec2f(MOST_RATIO)));
    return vec4f(centre + d.xy * size - half, centre + d.xy * size + half);
  } else {
    let d = distances(p, row);
    return vec4f(centre - d.xy, centre + d.zw);
  }
}

// Writes the gradient of a row's raw numbers, given that of its box.
fn encode_gradient(p: Params, row: u32, g: vec4f) {
  if (CODER == 3u) {
    let s = shares(row);
    write_four(p, row, p.stride * vec4f(g.xy + g.zw, 0.5 * (g.zw - g.xy)) * s * (1.0 - s));
  } else if (CODER == 1u) {
    let size = anchors[row % p.priors].zw - anchors[row % p.priors].xy;
    let d = raw_four(row).zw * stds(p).zw;
    let within = abs(d) < vec2f(MOST_RATIO);
    let half = 0.5 * size * exp(clamp(d, vec2f(-MOST_RATIO), vec2f(MOST_RATIO)));
    write_four(p, row, stds(p) * vec4f((g.xy + g.zw) * size, select(vec2f(), (g.zw - g.xy) * half, within)));
  } else if (CODER == 2u) {
    for (var side = 0u; side < 4u; side++) {
      distribution_gradient_of(p, 4u * row + side, p.stride * outward(g)[side]);
    }
  } else {
    write_four(p, row, select(vec4f(), outward(g) * distances(p, row), raw_four(row) < vec4f(MOST_LOG)));
  }
}

// The gradient by distances: a side moves against its coordinate on the left and at the top.
fn outward(g: vec4f) -> vec4f {
  return vec4f(-g.xy, g.zw);
}

fn write_four(p: Params, row: u32, v: vec4f) {
  for (var e = 0u; e < 4u; e++) { // unroll
    out[4u * row + e] = v[e] + earlier(p, 4u * row + e);
  }
}

// The gradient of a side's bins, given that of their mean.
fn distribution_gradient_of(p: Params, side: u32, g: f32) {
  let d = distribution_of(p, side);
  for (var j = 0u; j < p.bins; j++) {
    let i = side * p.bins + j;
    out[i] = g * exp(raw[i] - d.x) / d.y * (f32(j) - d.z) + earlier(p, i);
  }
}

const LEAST_IOU = 1e-6;
const LEAST_AREA = 1e-6;

fn area(size: vec2f) -> f32 {
  return size.x * size.y;
}

// Areas of intersection, union and hull.
fn areas(box: vec4f, truth: vec4f) -> vec3f {
  let both = area(max(min(box.zw, truth.zw) - max(box.xy, truth.xy), vec2f()));
  let hull = area(max(box.zw, truth.zw) - min(box.xy, truth.xy));
  let all = area(box.zw - box.xy) + area(truth.zw - truth.xy) - both;
  return vec3f(both, max(all, LEAST_AREA), max(hull, LEAST_AREA));
}

fn box_term(box: vec4f, truth: vec4f) -> f32 {
  let a = areas(box, truth);
  if (GIOU) {
    return 1.0 - a.x / a.y + (a.z - a.y) / a.z;
  } else {
    return -log(max(a.x / a.y, LEAST_IOU));
  }
}

fn box_slope(box: vec4f, truth: vec4f) -> vec4f {
  let a = areas(box, truth);
  let size = box.zw - box.xy;
  let both = max(min(box.zw, truth.zw) - max(box.xy, truth.xy), vec2f());
  let inner = vec4<bool>((box.xy > truth.xy), (box.zw < truth.zw));
  let d_both = select(vec4f(), vec4f(-both.yx, both.yx), inner) * f32(a.x > 0.0);
  let d_all = vec4f(-size.yx, size.yx) - d_both;
  let d_iou = (d_both - a.x / a.y * d_all) / a.y;
  if (GIOU) {
    let hull = max(box.zw, truth.zw) - min(box.xy, truth.xy);
    let outer = vec4<bool>((box.xy < truth.xy), (box.zw > truth.zw));
    let d_hull = select(vec4f(), vec4f(-hull.yx, hull.yx), outer);
    return -d_iou - (d_all - a.y / a.z * d_hull) / a.z;
  } else {
    return select(vec4f(), -d_iou * a.y / a.x, a.x / a.y > LEAST_IOU);
  }
}

@compute @workgroup_size(64)
fn box_loss(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, row)) {
    v = share(p) * given[p.given_offset + row] * box_term(decode(p, row), truths[row]);
  }
  out[p.out_offset + row] = v;
}

@compute @workgroup_size(64)
fn box_loss_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  if (positive(p, row)) {
    encode_gradient(p, row, share(p) * given[p.given_offset + row] * box_slope(decode(p, row), truths[row]));
  } else {
    leave(p, row);
  }
}

// A row that is not positive: no gradient but what is there.
fn leave(p: Params, row: u32) {
  var each = 4u;
  if (CODER == 2u) {
    each = 4u * p.bins;
  }
  for (var i = row * each; i < (row + 1u) * each; i++) {
    out[i] = earlier(p, i);
  }
}

@compute @workgroup_size(64)
fn overlaps(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, row)) {
    let a = areas(decode(p, row), truths[row]);
    v = a.x / a.y;
  }
  out[p.out_offset + row] = v;
}

// ---- distribution: a lane for each side ----

// Where a side's truth lies among the bins, in cells from the prior's centre; never on the last bin.
fn true_bin(p: Params, side: u32) -> f32 {
  let row = side / 4u;
  let prior = anchors[row % p.priors];
  let centre = 0.5 * (prior.xy + prior.zw);
  let d = vec4f(centre - truths[row].xy, truths[row].zw - centre) / p.stride;
  return clamp(d[side % 4u], 0.0, f32(p.bins - 1u) - 0.1);
}

@compute @workgroup_size(64)
fn distribution_loss(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let side = index(id);
  if (side >= 4u * p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, side / 4u)) {
    let y = true_bin(p, side);
    let bin = u32(y);
    let near = y - f32(bin);
    let d = distribution_of(p, side);
    let logits = vec2f(raw[side * p.bins + bin], raw[side * p.bins + bin + 1u]) - d.x;
    v = 0.25 * share(p) * given[p.given_offset + side / 4u] * (log(d.y) - (1.0 - near) * logits.x - near * logits.y);
  }
  out[p.out_offset + side] = v;
}

@compute @workgroup_size(64)
fn distribution_loss_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let side = index(id);
  if (side >= 4u * p.rows) {
    return;
  }
  let is_positive = positive(p, side / 4u);
  let y = true_bin(p, side);
  let scale = 0.25 * share(p) * given[p.given_offset + side / 4u];
  var d = vec3f();
  if (is_positive) {
    d = distribution_of(p, side);
  }
  for (var j = 0u; j < p.bins; j++) {
    let i = side * p.bins + j;
    var v = 0.0;
    if (is_positive) {
      v = scale * (exp(raw[i] - d.x) / d.y - max(0.0, 1.0 - abs(y - f32(j))));
    }
    out[i] = v + earlier(p, i);
  }
}

// ---- deltas: a lane for each of a row's four ----

fn true_delta(p: Params, i: u32) -> f32 {
  let row = i / 4u;
  let prior = anchors[row % p.priors];
  let truth = truths[row];
  let size = prior.zw - prior.xy;
  let shift = 0.5 * (truth.xy + truth.zw - prior.xy - prior.zw) / size;
  let delta = vec4f(shift, log((truth.zw - truth.xy) / size)) / stds(p);
  return delta[i % 4u];
}

// How far a raw number is from the truth's, and by how much that changes with it.
fn error_of(p: Params, i: u32) -> vec2f {
  if (CODER == 3u) {
    let truth = truths[i / 4u];
    let wanted = vec4f(0.5 * (truth.xy + truth.zw), truth.zw - truth.xy) / p.stride;
    let l = logistic(raw[i]);
    return vec2f(l.p - wanted[i % 4u], l.p * l.not_p);
  } else {
    return vec2f(raw[i] - true_delta(p, i), 1.0);
  }
}

@compute @workgroup_size(64)
fn delta_loss(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= 4u * p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, i / 4u)) {
    v = share(p) * abs(error_of(p, i).x);
  }
  out[p.out_offset + i] = v;
}

@compute @workgroup_size(64)
fn delta_loss_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= 4u * p.rows) {
    return;
  }
  var v = 0.0;
  if (positive(p, i / 4u)) {
    let e = error_of(p, i);
    v = share(p) * sign(e.x) * e.y;
  }
  out[i] = v + earlier(p, i);
}
