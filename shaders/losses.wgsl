// Losses over rows of logits, their gradients, and the sums that turn rows into one number.
//
//   cross_entropy           rows[b] = -sum_c t_c log p_c,  p = softmax(z)    t: SOFT targets, or a smoothed label:
//                           t_c = (1 - smoothing) [c = label] + smoothing / cols
//   cross_entropy_gradient  dz = weight scale ((sum t) p - t)
//   distillation            rows[b] = T^2 KL(q || p),  q = softmax(teacher / T), p = softmax(z / T)
//   distillation_gradient   dz = weight scale T (p - q)
//   sums                    out[r, part] = scale sum of every parts-th element, from `part` on, of a run of `length`
//   spread                  out = weight scale for each element: the gradient of a sum or a mean
//
// Layout. z, teacher and SOFT targets are [rows, cols] with rows any distance apart; labels are [rows]. `stats` keeps a vec4
// per row from forward to backward: (max z/T, log sum exp, total, unused) or (student's max, logsum, teacher's max, logsum).
// Gradients are dense; with ADD, `other` (a row for each add_every-th row) is added to them.
// Tricks. The maximum is subtracted before every exponential and logarithms are taken of sums that are at least 1, so large
// logits neither overflow nor vanish, and a constant added to a row changes nothing. KL comes from the same two sums:
//   KL = sum e_q ((u - max u) - (v - max v)) / sum e_q - log sum e_q + log sum e_p      u = teacher / T, v = z / T
// which is exactly 0 for equal rows. GROUP lanes share a row forward, each with every GROUP-th column; a lane owns one element backward.
const GROUP = 1u; // or 64, a workgroup
const SOFT = false;
const ADD = false;

struct Params {
  rows: u32,
  cols: u32,
  z_offset: u32,
  z_stride: u32,
  t_offset: u32, // of labels, targets or teacher
  t_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  smoothing: f32,
  temperature: f32,
  weight: f32,
  scale: f32,
}

struct SumParams {
  runs: u32,
  length: u32,
  parts: u32,
  cols: u32, // of the tensor, whose rows lie z_stride apart; runs count its elements in order
  z_offset: u32,
  z_stride: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(4) var<storage, read> stats_in: array<vec4f>;
@group(0) @binding(5) var<storage, read> other: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;
@group(0) @binding(8) var<uniform> s: SumParams;

const LOWEST = -3.4028234663852886e38;

fn smoothed(row: u32, col: u32) -> f32 {
  return p.smoothing / f32(p.cols) + select(0.0, 1.0 - p.smoothing, labels[p.t_offset + row] == col);
}

// with rows.wgsl
alias Gathered = vec3f;

@compute @workgroup_size(64)
fn cross_entropy(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let start = p.z_offset + row * p.z_stride;
  var most = LOWEST;
  for (var c = lane; c < cols; c += GROUP) {
    most = max(most, logits[start + c]);
  }
  let largest = over_row(vec3f(most), true, lane).x;
  var sum = 0.0;
  var total = 0.0;
  var picked = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    let v = logits[start + c] - largest;
    var t = 0.0;
    if (SOFT) {
      t = targets[p.t_offset + row * p.t_stride + c];
    } else {
      t = smoothed(row, c);
    }
    sum += exp(v);
    total += t;
    picked += t * v;
  }
  let all = over_row(vec3f(sum, total, picked), false, lane);
  if (lane == 0u && line < p.rows) {
    stats[row] = vec4f(largest, log(all.x), all.y, 0.0);
    out[row] = all.y * log(all.x) - all.z;
  }
}

@compute @workgroup_size(64)
fn cross_entropy_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  let kept = stats_in[row];
  var t = 0.0;
  if (SOFT) {
    t = targets[p.t_offset + row * p.t_stride + col];
  } else {
    t = smoothed(row, col);
  }
  let probability = exp(logits[p.z_offset + row * p.z_stride + col] - kept.x - kept.y);
  out[i] = p.weight * p.scale * (kept.z * probability - t) + earlier(row, col);
}

// Binding targets holds the teacher's logits here and below.
@compute @workgroup_size(64)
fn distillation(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let student = p.z_offset + row * p.z_stride;
  let teacher = p.t_offset + row * p.t_stride;
  let cool = 1.0 / p.temperature;
  var most = vec2f(LOWEST);
  for (var c = lane; c < cols; c += GROUP) {
    most = max(most, cool * vec2f(logits[student + c], targets[teacher + c]));
  }
  let largest = over_row(vec3f(most, 0.0), true, lane).xy;
  var sum = vec2f(0.0);
  var gap = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    let v = cool * vec2f(logits[student + c], targets[teacher + c]) - largest;
    let e = exp(v);
    sum += e;
    gap += e.y * (v.y - v.x);
  }
  let all = over_row(vec3f(sum, gap), false, lane);
  if (lane == 0u && line < p.rows) {
    let logs = log(all.xy);
    stats[row] = vec4f(largest.x, logs.x, largest.y, logs.y);
    out[row] = p.temperature * p.temperature * (all.z / all.y - logs.y + logs.x);
  }
}

@compute @workgroup_size(64)
fn distillation_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  let kept = stats_in[row];
  let both = vec2f(logits[p.z_offset + row * p.z_stride + col], targets[p.t_offset + row * p.t_stride + col]);
  let probability = exp((1.0 / p.temperature) * both - kept.xz - kept.yw);
  out[i] = p.weight * p.scale * p.temperature * (probability.x - probability.y) + earlier(row, col);
}

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * p.cols) {
    out[i] = p.weight * p.scale + earlier(i / p.cols, i % p.cols);
  }
}

// The gradient that is there already.
fn earlier(row: u32, col: u32) -> f32 {
  var v = 0.0;
  if (ADD) {
    if (row % p.add_every == 0u) {
      v = other[p.add_offset + (row / p.add_every) * p.add_stride + col];
    }
  }
  return v;
}

@compute @workgroup_size(64)
fn sums(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= s.runs * s.parts) {
    return;
  }
  var sum = 0.0;
  for (var e = i % s.parts; e < s.length; e += s.parts) {
    let at = (i / s.parts) * s.length + e;
    sum += logits[s.z_offset + (at / s.cols) * s.z_stride + at % s.cols];
  }
  out[i] = s.scale * sum;
}
