// Logit distillation taken apart: by target and other classes (DKD), and what weighs regions of SDD.
//
//   decoupled           out[r] = scale / normaliser times, at rows whose label is a class, T^2 times
//                       OTHERS: KL(q_teacher || q_student), q the softmax of z / T over the classes but the target;
//                       else the KL of (p, 1 - p), p the softmax of z / T at the target; 0 at other rows
//   decoupled_gradient  dz = weight scale / normaliser times, with OTHERS, T (q_student - q_teacher) at other classes; else
//                       T (p_student - p_teacher) at the target and -q_student times that at the others
//   disagreement        out[r] = mean over groups of classes of 1 where the top class of region r is the whole map's, else `weight`
//
// Layout. Rows of `classes` logits without gaps, a lane for each. Logarithms come from z / T less the maximum, differences from
// equal terms: equal logits give exactly 0. With a single class there is nothing to tell, and everything is 0.
const OTHERS = false;
const ADD = false;

struct Params {
  rows: u32,
  classes: u32,
  regions: u32, // of one map
  groups: u32, // of classes, one beside the other
  cols: u32, // of the gradient that is there already
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  temperature: f32,
  normaliser: f32,
  weight: f32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

const LOWEST = -3.4028234663852886e38;

// Of student (x) and teacher (y): z / T of the target, and log sum exp of the others.
struct Parts {
  own: vec2f,
  others: vec2f,
}

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

fn cooled(p: Params, c: u32) -> vec2f {
  return vec2f(a[c], b[c]) / p.temperature;
}

fn parts_of(p: Params, start: u32, label: u32) -> Parts {
  var largest = vec2f(LOWEST);
  for (var c = 0u; c < p.classes; c++) {
    if (c != label) {
      largest = max(largest, cooled(p, start + c));
    }
  }
  var sum = vec2f();
  for (var c = 0u; c < p.classes; c++) {
    if (c != label) {
      sum += exp(cooled(p, start + c) - largest);
    }
  }
  return Parts(cooled(p, start + label), largest + log(sum));
}

// log p and log (1 - p) of the target, where gap is its logit less the others': p = sigmoid(gap).
fn log_sigmoid(x: vec2f) -> vec2f {
  return min(x, vec2f()) - log(1.0 + exp(-abs(x)));
}

fn target_divergence(parts: Parts) -> f32 {
  let gap = parts.own - parts.others;
  let yes = log_sigmoid(gap);
  let no = log_sigmoid(-gap);
  return exp(yes.y) * (yes.y - yes.x) + exp(no.y) * (no.y - no.x);
}

fn others_divergence(p: Params, parts: Parts, start: u32, label: u32) -> f32 {
  var sum = 0.0;
  for (var c = 0u; c < p.classes; c++) {
    if (c != label) {
      let v = cooled(p, start + c) - parts.others;
      sum += exp(v.y) * (v.y - v.x);
    }
  }
  return sum;
}

fn counts(p: Params, label: u32) -> bool {
  return label < p.classes && p.classes > 1u;
}

@compute @workgroup_size(64)
fn decoupled(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  let label = labels[row];
  var found = 0.0;
  if (counts(p, label)) {
    let start = row * p.classes;
    let parts = parts_of(p, start, label);
    if (OTHERS) {
      found = others_divergence(p, parts, start, label);
    } else {
      found = target_divergence(parts);
    }
  }
  out[row] = p.scale / p.normaliser * p.temperature * p.temperature * found;
}

// The gradient that is there already, at element i.
fn earlier(p: Params, i: u32) -> f32 {
  if (ADD) {
    let row = i / p.cols;
    if (row % p.add_every == 0u) {
      return other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  return 0.0;
}

@compute @workgroup_size(64)
fn decoupled_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  let label = labels[row];
  let start = row * p.classes;
  let live = counts(p, label);
  let factor = p.weight * p.scale / p.normaliser * p.temperature;
  var parts = Parts();
  var moved = 0.0;
  if (live) {
    parts = parts_of(p, start, label);
    let likely = exp(log_sigmoid(parts.own - parts.others));
    moved = likely.x - likely.y;
  }
  for (var c = 0u; c < p.classes; c++) {
    var d = 0.0;
    if (live) {
      let q = exp(cooled(p, start + c) - parts.others);
      if (OTHERS) {
        d = select(q.x - q.y, 0.0, c == label);
      } else {
        d = select(-q.x, 1.0, c == label) * moved;
      }
    }
    out[start + c] = factor * d + earlier(p, start + c);
  }
}

fn top(p: Params, start: u32) -> u32 {
  var best = 0u;
  for (var c = 1u; c < p.classes; c++) {
    if (a[start + c] > a[start + best]) {
      best = c;
    }
  }
  return best;
}

fn top_of_whole(p: Params, start: u32) -> u32 {
  var best = 0u;
  for (var c = 1u; c < p.classes; c++) {
    if (b[start + c] > b[start + best]) {
      best = c;
    }
  }
  return best;
}

// Binding a holds the logits of regions, b those of whole maps.
@compute @workgroup_size(64)
fn disagreement(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  var sum = 0.0;
  for (var g = 0u; g < p.groups; g++) {
    let own = top(p, (row * p.groups + g) * p.classes);
    let whole = top_of_whole(p, (row / p.regions * p.groups + g) * p.classes);
    sum += select(p.weight, 1.0, own == whole);
  }
  out[row] = sum / f32(p.groups);
}
