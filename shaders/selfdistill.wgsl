// Self-distillation with no labels: a student's views of an image agree with a teacher's views of it.
//
//   probabilities   q[r] = softmax((z[r] - centre) / temperature), entropy[r] = -sum q log q       for the teacher's logits z
//   views           rows[r] = -scale sum_c t_c log p_c,  p = softmax(z[r] / temperature)           for a student's logits z
//   views_gradient  dz = weight scale / temperature ((sum t) p - t)
//   blend           into[c] = keep into[c] + (1 - keep) mean over rows of x[r, c];  FRESH: the mean alone, into may hold anything
//
// Row r shows view `first` + r / batch of image r % batch. The targets t of a row are the sum of q over the teacher's views but
// for the row's own: t = sum over i < whole, i != view of q[i batch + image]. So one row stands for one or two terms of the loss.
// Layout. z [rows, cols], rows any distance apart; q dense, the teacher's views follow each other as the student's do. stats
// keeps (max, log sum exp, sum t, unused) of a row. With ADD, `other` is added to the gradient.
// GROUP lanes share a row, each with every GROUP-th column; a lane owns one element of a gradient, and one column of blend.
// Tricks. As in losses.wgsl: the maximum is subtracted first, so no exponent overflows and no logarithm is taken of zero.
// Source: DINOLoss of DINO (main_dino.py); Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021.
const GROUP = 1u; // or 64, a workgroup
const ADD = false;
const FRESH = false;

struct Params {
  rows: u32,
  cols: u32,
  z_offset: u32,
  z_stride: u32,
  batch: u32, // images
  first: u32, // view of row 0
  whole: u32, // views of the teacher
  out_offset: u32, // of rows
  temperature: f32,
  weight: f32,
  scale: f32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

struct BlendParams {
  rows: u32,
  cols: u32,
  x_offset: u32,
  x_stride: u32,
  keep: f32,
}

@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> centre: array<f32>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(4) var<storage, read> stats_in: array<vec4f>;
@group(0) @binding(5) var<storage, read> other: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> entropy: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
@group(0) @binding(9) var<uniform> b: BlendParams;

const LOWEST = -3.4028234663852886e38;

// with rows.wgsl
alias Gathered = vec3f;

@compute @workgroup_size(64)
fn probabilities(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let start = p.z_offset + row * p.z_stride;
  var most = LOWEST;
  for (var c = lane; c < cols; c += GROUP) {
    most = max(most, (z[start + c] - centre[c]) / p.temperature);
  }
  let largest = over_row(vec3f(most), true, lane).x;
  var sum = 0.0;
  var weighed = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    let v = (z[start + c] - centre[c]) / p.temperature - largest;
    sum += exp(v);
    weighed += exp(v) * v;
  }
  let all = over_row(vec3f(sum, weighed, 0.0), false, lane);
  for (var c = lane; c < cols; c += GROUP) {
    out[row * p.cols + c] = exp((z[start + c] - centre[c]) / p.temperature - largest) / all.x;
  }
  if (lane == 0u && line < p.rows) {
    entropy[row] = log(all.x) - all.y / all.x;
  }
}

// The targets of one column of a row.
fn wanted(row: u32, col: u32) -> f32 {
  let view = p.first + row / p.batch;
  var t = 0.0;
  for (var i = 0u; i < p.whole; i++) {
    if (i != view) {
      t += q[(i * p.batch + row % p.batch) * p.cols + col];
    }
  }
  return t;
}

@compute @workgroup_size(64)
fn views(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let start = p.z_offset + row * p.z_stride;
  var most = LOWEST;
  for (var c = lane; c < cols; c += GROUP) {
    most = max(most, z[start + c] / p.temperature);
  }
  let largest = over_row(vec3f(most), true, lane).x;
  var sum = 0.0;
  var total = 0.0;
  var picked = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    let v = z[start + c] / p.temperature - largest;
    let t = wanted(row, c);
    sum += exp(v);
    total += t;
    picked += t * v;
  }
  let all = over_row(vec3f(sum, total, picked), false, lane);
  if (lane == 0u && line < p.rows) {
    stats[row] = vec4f(largest, log(all.x), all.y, 0.0);
    out[p.out_offset + row] = p.scale * (all.y * log(all.x) - all.z);
  }
}

@compute @workgroup_size(64)
fn views_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  let kept = stats_in[row];
  let probability = exp(z[p.z_offset + row * p.z_stride + col] / p.temperature - kept.x - kept.y);
  var v = p.weight * p.scale / p.temperature * (kept.z * probability - wanted(row, col));
  if (ADD) {
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + col];
    }
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn blend(@builtin(global_invocation_id) id: vec3u) {
  let col = id.x + id.y * 65535u * 64u;
  if (col >= b.cols) {
    return;
  }
  var sum = 0.0;
  for (var row = 0u; row < b.rows; row++) {
    sum += z[b.x_offset + row * b.x_stride + col];
  }
  let average = sum / f32(b.rows);
  if (FRESH) {
    out[col] = average;
  } else {
    out[col] = b.keep * out[col] + (1.0 - b.keep) * average;
  }
}
