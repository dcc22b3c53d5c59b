// Group and batch normalisation of maps: y = (x - mean) rstd gamma + beta, then ReLU if wanted; rstd = 1 / sqrt(var + eps).
//
// x is [images, pixels, cols]. Mean and variance are those of `group_cols` neighbouring channels over the pixels of an image.
// Batch normalisation is the same with the whole batch as one image and groups of one channel.
//
//   moments   partial[image, part] = (n, mean, sum of squares about it) per channel, over every parts-th pixel from `part` on
//   merge     stats[image] = (mean, rstd, gamma, beta, n) per channel, from all parts and channels of its group
//   frozen    the same from running statistics
//   track     running += momentum (the batch's - running), with the unbiased variance, as PyTorch does
//   forward   y
//   sums      partial[image, part] = (sum g, sum g h) per channel, h = (x - mean) rstd, g zero where ReLU was
//   gather    means[image] = (mean of g gamma, mean of g gamma h) over each group; dgamma = sum g h, dbeta = sum g
//   backward  dx = rstd (g gamma - mean(g gamma) - h mean(g gamma h)); FROZEN: rstd g gamma. Adds an earlier gradient.
//
// STANDARD leaves gamma and beta out and divides by the standard deviation plus eps, from the sum of squares over n - freedom
// (PKD: freedom 1); the gradient neglects eps.
// With VISIBLE the statistics are those of pixels whose cell of a coarse grid [grid_h, grid_w] holds 1; all are normalised.
// Tricks. A lane owns four channels of the pixels part, part + parts, ...: neighbouring lanes read neighbouring floats, a
// channel's numbers are loaded once per lane, and nothing needs a barrier. Squares are summed about a running mean
// (Welford) and merged about the common one (Chan, Golub, LeVeque): float32 does not cancel.
const WIDE = true; // cols is a multiple of four
const RELU = false;
const VISIBLE = false;
const FROZEN = false;
const AFFINE = true; // gather: also dgamma and dbeta
const STANDARD = false;
const ADD = false; // backward: add `other`, a matrix with a row for each add_every-th row

struct Params {
  images: u32,
  pixels: u32, // per image
  cols: u32,
  parts: u32,
  group_cols: u32,
  height: u32, // of the maps, for VISIBLE
  width: u32,
  grid_h: u32,
  grid_w: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  eps: f32,
  momentum: f32,
  freedom: f32,
}

@group(0) @binding(0) var<storage, read> x4: array<vec4f>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(2) var<storage, read> g4: array<vec4f>;
@group(0) @binding(3) var<storage, read> g1: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> beta: array<f32>;
@group(0) @binding(6) var<storage, read> visible: array<f32>;
@group(0) @binding(7) var<storage, read> partial: array<f32>;
@group(0) @binding(8) var<storage, read_write> partial_out: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> stats: array<f32>;
@group(0) @binding(10) var<storage, read> stats1: array<f32>;
@group(0) @binding(11) var<storage, read> stats4: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> means: array<f32>;
@group(0) @binding(13) var<storage, read> means4: array<vec4f>;
@group(0) @binding(14) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(15) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(16) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(17) var<storage, read_write> running_variance: array<f32>;
@group(0) @binding(18) var<storage, read> old_mean: array<f32>;
@group(0) @binding(19) var<storage, read> old_variance: array<f32>;
@group(0) @binding(20) var<storage, read> other: array<f32>;
@group(0) @binding(21) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(22) var<storage, read_write> out1: array<f32>;
@group(0) @binding(23) var<uniform> params: Params;

// What a lane of the kernels over pixels owns: channels 4 four .. 4 four + 3 of every parts-th pixel from `part` on.
struct Lane {
  image: u32,
  part: u32,
  four: u32,
  fours: u32,
}

fn lane_of(p: Params, id: vec3u) -> Lane {
  let i = id.x + id.y * 65535u * 64u;
  let fours = (p.cols + 3u) / 4u;
  return Lane(i / (fours * p.parts), (i / fours) % p.parts, i % fours, fours);
}

// Four neighbours; those past the end of a row repeat the last, and nobody looks at what becomes of them.
fn x_four(p: Params, row: u32, four: u32) -> vec4f {
  let at = row * p.cols + 4u * four;
  if (WIDE) {
    return x4[at >> 2u];
  } else {
    let e = (row + 1u) * p.cols - 1u;
    return vec4f(x1[at], x1[min(at + 1u, e)], x1[min(at + 2u, e)], x1[min(at + 3u, e)]);
  }
}

fn g_four(p: Params, row: u32, four: u32) -> vec4f {
  let at = row * p.cols + 4u * four;
  if (WIDE) {
    return g4[at >> 2u];
  } else {
    let e = (row + 1u) * p.cols - 1u;
    return vec4f(g1[at], g1[min(at + 1u, e)], g1[min(at + 2u, e)], g1[min(at + 3u, e)]);
  }
}

fn out_four(p: Params, row: u32, four: u32, v: vec4f) {
  let at = row * p.cols + 4u * four;
  if (WIDE) {
    out4[at >> 2u] = v;
  } else {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (4u * four + e < p.cols) {
        out1[at + e] = v[e];
      }
    }
  }
}

// Whether the statistics count a pixel: 1 or 0.
fn counted(p: Params, row: u32) -> f32 {
  if (VISIBLE) {
    let line = row / p.width;
    let cell_x = (row % p.width) * p.grid_w / p.width;
    let cell_y = (line % p.height) * p.grid_h / p.height;
    return visible[((line / p.height) * p.grid_h + cell_y) * p.grid_w + cell_x];
  } else {
    return 1.0;
  }
}

// Plane `which` of stats, four channels of an image.
fn stat(lane: Lane, which: u32) -> vec4f {
  return stats4[(lane.image * 5u + which) * lane.fours + lane.four];
}

// Writes one plane of stats for one channel.
fn put_stat(p: Params, image: u32, c: u32, which: u32, value: f32) {
  stats[(image * 5u + which) * 4u * ((p.cols + 3u) / 4u) + c] = value;
}

fn get_stat(p: Params, image: u32, c: u32, which: u32) -> f32 {
  return stats1[(image * 5u + which) * 4u * ((p.cols + 3u) / 4u) + c];
}

@compute @workgroup_size(64)
fn moments(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.image >= p.images) {
    return;
  }
  var n = 0.0;
  var mean = vec4f();
  var squares = vec4f();
  for (var r = lane.part; r < p.pixels; r += p.parts) {
    let row = lane.image * p.pixels + r;
    let weight = counted(p, row);
    let x = x_four(p, row, lane.four);
    let d = x - mean;
    n += weight;
    mean += d * (weight / max(n, 1.0));
    squares += weight * d * (x - mean);
  }
  let at = (lane.image * p.parts + lane.part) * 3u * lane.fours + lane.four;
  partial_out[at] = vec4f(n);
  partial_out[at + lane.fours] = mean;
  partial_out[at + 2u * lane.fours] = squares;
}

// One lane per group of an image.
@compute @workgroup_size(64)
fn merge(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let groups = p.cols / p.group_cols;
  let image = id.x / groups;
  if (image >= p.images) {
    return;
  }
  let first = (id.x % groups) * p.group_cols;
  let plane = 4u * ((p.cols + 3u) / 4u);
  var n = 0.0;
  var total = 0.0;
  for (var i = 0u; i < p.parts * p.group_cols; i++) {
    let at = (image * p.parts + i / p.group_cols) * 3u * plane + first + i % p.group_cols;
    n += partial[at];
    total += partial[at] * partial[at + plane];
  }
  let mean = total / max(n, 1.0);
  var squares = 0.0;
  for (var i = 0u; i < p.parts * p.group_cols; i++) {
    let at = (image * p.parts + i / p.group_cols) * 3u * plane + first + i % p.group_cols;
    let d = partial[at + plane] - mean;
    squares += partial[at + 2u * plane] + partial[at] * d * d;
  }
  let variance = squares / max(n - p.freedom, 1.0);
  var rstd = inverseSqrt(variance + p.eps);
  if (STANDARD) {
    rstd = 1.0 / (sqrt(variance) + p.eps);
  }
  for (var c = first; c < first + p.group_cols; c++) {
    put_stat(p, image, c, 0u, mean);
    put_stat(p, image, c, 1u, rstd);
    if (STANDARD) {
      put_stat(p, image, c, 2u, 1.0);
      put_stat(p, image, c, 3u, 0.0);
    } else {
      put_stat(p, image, c, 2u, gamma[c]);
      put_stat(p, image, c, 3u, beta[c]);
    }
    put_stat(p, image, c, 4u, n);
  }
}

@compute @workgroup_size(64)
fn frozen(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let c = id.x;
  if (c < p.cols) {
    put_stat(p, 0u, c, 0u, old_mean[c]);
    put_stat(p, 0u, c, 1u, inverseSqrt(old_variance[c] + p.eps));
    put_stat(p, 0u, c, 2u, gamma[c]);
    put_stat(p, 0u, c, 3u, beta[c]);
    put_stat(p, 0u, c, 4u, f32(p.pixels));
  }
}

@compute @workgroup_size(64)
fn track(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let c = id.x;
  if (c < p.cols) {
    let rstd = get_stat(p, 0u, c, 1u);
    let n = get_stat(p, 0u, c, 4u);
    let variance = (1.0 / (rstd * rstd) - p.eps) * n / max(n - 1.0, 1.0);
    running_mean[c] += p.momentum * (get_stat(p, 0u, c, 0u) - running_mean[c]);
    running_variance[c] += p.momentum * (variance - running_variance[c]);
  }
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.image >= p.images) {
    return;
  }
  let mean = stat(lane, 0u);
  let factor = stat(lane, 1u) * stat(lane, 2u);
  let shift = stat(lane, 3u);
  for (var r = lane.part; r < p.pixels; r += p.parts) {
    let row = lane.image * p.pixels + r;
    var y = (x_four(p, row, lane.four) - mean) * factor + shift;
    if (RELU) {
      y = max(y, vec4f());
    }
    out_four(p, row, lane.four, y);
  }
}

// The gradient that reaches the normalised value h gamma + beta.
fn arriving(p: Params, row: u32, four: u32, normalised: vec4f) -> vec4f {
  let g = g_four(p, row, four);
  if (RELU) {
    return select(vec4f(), g, normalised > vec4f());
  } else {
    return g;
  }
}

@compute @workgroup_size(64)
fn sums(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.image >= p.images) {
    return;
  }
  let mean = stat(lane, 0u);
  let rstd = stat(lane, 1u);
  let factor = rstd * stat(lane, 2u);
  let shift = stat(lane, 3u);
  var total = vec4f();
  var product = vec4f();
  for (var r = lane.part; r < p.pixels; r += p.parts) {
    let row = lane.image * p.pixels + r;
    let d = x_four(p, row, lane.four) - mean;
    let g = arriving(p, row, lane.four, d * factor + shift);
    total += g;
    product += g * d;
  }
  let at = (lane.image * p.parts + lane.part) * 2u * lane.fours + lane.four;
  partial_out[at] = total;
  partial_out[at + lane.fours] = product * rstd;
}

// A lane per group of an image, then (AFFINE) one per channel.
@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  var grouped = 0u;
  if (!FROZEN) {
    grouped = p.images * (p.cols / p.group_cols);
    if (id.x < grouped) {
      group_means(p, id.x);
    }
  }
  if (AFFINE) {
    if (id.x >= grouped && id.x < grouped + p.cols) {
      affine_gradient(p, id.x - grouped);
    }
  }
}

fn group_means(p: Params, i: u32) {
  let image = i / (p.cols / p.group_cols);
  let first = (i % (p.cols / p.group_cols)) * p.group_cols;
  let plane = 4u * ((p.cols + 3u) / 4u);
  var total = vec2f();
  for (var c = first; c < first + p.group_cols; c++) {
    var sum = vec2f();
    for (var part = 0u; part < p.parts; part++) {
      let at = (image * p.parts + part) * 2u * plane + c;
      sum += vec2f(partial[at], partial[at + plane]);
    }
    total += sum * get_stat(p, image, c, 2u);
  }
  let n = get_stat(p, image, first, 4u);
  total /= max(vec2f(n, n - p.freedom), vec2f(1.0));
  for (var c = first; c < first + p.group_cols; c++) {
    means[image * 2u * plane + c] = total.x;
    means[(image * 2u + 1u) * plane + c] = total.y;
  }
}

fn affine_gradient(p: Params, c: u32) {
  let plane = 4u * ((p.cols + 3u) / 4u);
  var sum = vec2f();
  for (var part = 0u; part < p.images * p.parts; part++) {
    let at = part * 2u * plane + c;
    sum += vec2f(partial[at], partial[at + plane]);
  }
  dbeta[c] = sum.x;
  dgamma[c] = sum.y;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.image >= p.images) {
    return;
  }
  let mean = stat(lane, 0u);
  let rstd = stat(lane, 1u);
  let factor = rstd * stat(lane, 2u);
  let shift = stat(lane, 3u);
  var level = vec4f();
  var slope = vec4f();
  if (!FROZEN) {
    level = rstd * means4[lane.image * 2u * lane.fours + lane.four];
    slope = rstd * rstd * means4[(lane.image * 2u + 1u) * lane.fours + lane.four];
  }
  for (var r = lane.part; r < p.pixels; r += p.parts) {
    let row = lane.image * p.pixels + r;
    var d = vec4f();
    if (RELU || !FROZEN) {
      d = x_four(p, row, lane.four) - mean;
    }
    var v = factor * arriving(p, row, lane.four, d * factor + shift);
    if (!FROZEN) {
      v -= counted(p, row) * (level + d * slope);
    }
    if (ADD) {
      v += earlier(p, row, 4u * lane.four);
    }
    out_four(p, row, lane.four, v);
  }
}

fn earlier(p: Params, row: u32, c: u32) -> vec4f {
  if (row % p.add_every != 0u) {
    return vec4f();
  }
  let at = p.add_offset + (row / p.add_every) * p.add_stride;
  let e = p.cols - 1u;
  return vec4f(other[at + c], other[at + min(c + 1u, e)], other[at + min(c + 2u, e)], other[at + min(c + 3u, e)]);
}
