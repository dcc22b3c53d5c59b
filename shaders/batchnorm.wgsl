// Batch normalisation of maps: y = (x - mean) rstd gamma + beta, then ReLU if wanted; rstd = 1 / sqrt(variance + eps).
//
// x is [pixels, cols], the pixels of all images; mean and variance are those of a channel over them, with VISIBLE over those
// whose cell of a coarse grid [grid_h, grid_w] holds 1 (all are normalised), or given ones (FROZEN).
//
//   moments   partial[part] = (n, mean, sum of squares about it) per channel, over every parts-th pixel from `part` on
//   merge     mean = (mean, n) and variance of all parts; TRACK: running += momentum (batch's - running), unbiased variance
//   forward   y
//   sums      partial[part] = (sum g, sum g h) per channel, h = (x - mean) rstd, g zero where ReLU was
//   gather    dbeta = sum g, dgamma = sum g h, and what backward needs of each channel: coefficients = (mean, rstd gamma,
//             beta, rstd gamma mean(g), rstd^2 gamma mean(g h)), the last two zero if FROZEN
//   backward  dx = rstd gamma (g - mean(g) - h mean(g h)); adds an earlier gradient
//
// STANDARD leaves gamma and beta out and divides by the standard deviation plus eps; the gradient neglects that eps. The
// variance is the sum of squares over n - freedom (PKD: 1).
//
// Tricks. A lane owns four channels of the pixels part, part + parts, ...: neighbouring lanes read neighbouring floats, a
// channel's numbers are loaded once per lane, and nothing needs a barrier. Squares are summed about a running mean
// (Welford) and merged about the common one (Chan, Golub, LeVeque): float32 does not cancel. merge reads neither gamma nor
// beta, which may share a buffer with the running statistics it writes.
const WIDE = true; // cols is a multiple of four
const RELU = false;
const VISIBLE = false;
const FROZEN = false;
const TRACK = true;
const STANDARD = false;
const AFFINE = true; // gather: write dgamma and dbeta
const ADD = false; // backward: add `other`, a matrix with a row for each add_every-th row

struct Params {
  pixels: u32,
  cols: u32,
  parts: u32,
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
@group(0) @binding(8) var<storage, read_write> partial_out: array<f32>;
@group(0) @binding(9) var<storage, read> mean: array<f32>;
@group(0) @binding(10) var<storage, read> variance: array<f32>;
@group(0) @binding(11) var<storage, read_write> mean_out: array<f32>;
@group(0) @binding(12) var<storage, read_write> variance_out: array<f32>;
@group(0) @binding(13) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(14) var<storage, read_write> running_variance: array<f32>;
@group(0) @binding(15) var<storage, read> coefficients: array<f32>;
@group(0) @binding(16) var<storage, read_write> coefficients_out: array<f32>;
@group(0) @binding(17) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(18) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(19) var<storage, read> other: array<f32>;
@group(0) @binding(20) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(21) var<storage, read_write> out1: array<f32>;
@group(0) @binding(22) var<uniform> params: Params;

// What a lane of the kernels over pixels owns: channels c to c + 3 of every parts-th pixel from `part` on.
struct Lane {
  part: u32,
  c: u32,
}

fn lane_of(p: Params, id: vec3u) -> Lane {
  let i = id.x + id.y * 65535u * 64u;
  let fours = (p.cols + 3u) / 4u;
  return Lane(i / fours, 4u * (i % fours));
}

// Channels c to c + 3; past the end the last is repeated, and its result is not used.
fn four(p: Params, c: u32) -> vec4u {
  return min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(p.cols - 1u));
}

fn x_four(p: Params, row: u32, c: u32) -> vec4f {
  if (WIDE) {
    return x4[(row * p.cols + c) >> 2u];
  } else {
    let e = row * p.cols + four(p, c);
    return vec4f(x1[e.x], x1[e.y], x1[e.z], x1[e.w]);
  }
}

fn g_four(p: Params, row: u32, c: u32) -> vec4f {
  if (WIDE) {
    return g4[(row * p.cols + c) >> 2u];
  } else {
    let e = row * p.cols + four(p, c);
    return vec4f(g1[e.x], g1[e.y], g1[e.z], g1[e.w]);
  }
}

fn out_four(p: Params, row: u32, c: u32, v: vec4f) {
  let at = row * p.cols + c;
  if (WIDE) {
    out4[at >> 2u] = v;
  } else {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (c + e < p.cols) {
        out1[at + e] = v[e];
      }
    }
  }
}

fn partial_four(p: Params, line: u32, c: u32, v: vec4f) {
  for (var e = 0u; e < 4u; e++) { // unroll
    if (c + e < p.cols) {
      partial_out[line * p.cols + c + e] = v[e];
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

@compute @workgroup_size(64)
fn moments(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.part >= p.parts) {
    return;
  }
  var n = 0.0;
  var centre = vec4f();
  var squares = vec4f();
  for (var row = lane.part; row < p.pixels; row += p.parts) {
    let weight = counted(p, row);
    let x = x_four(p, row, lane.c);
    let d = x - centre;
    n += weight;
    centre += d * (weight / max(n, 1.0));
    squares += weight * d * (x - centre);
  }
  partial_four(p, 3u * lane.part, lane.c, vec4f(n));
  partial_four(p, 3u * lane.part + 1u, lane.c, centre);
  partial_four(p, 3u * lane.part + 2u, lane.c, squares);
}

// A lane per channel.
@compute @workgroup_size(64)
fn merge(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let c = id.x;
  if (c >= p.cols) {
    return;
  }
  var n = 0.0;
  var total = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    let at = 3u * part * p.cols + c;
    n += partial[at];
    total += partial[at] * partial[at + p.cols];
  }
  let centre = total / max(n, 1.0);
  var squares = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    let at = 3u * part * p.cols + c;
    let d = partial[at + p.cols] - centre;
    squares += partial[at + 2u * p.cols] + partial[at] * d * d;
  }
  mean_out[c] = centre;
  mean_out[p.cols + c] = n;
  variance_out[c] = squares / max(n - p.freedom, 1.0);
  if (TRACK) {
    running_mean[c] += p.momentum * (centre - running_mean[c]);
    running_variance[c] += p.momentum * (squares / max(n - 1.0, 1.0) - running_variance[c]);
  }
}

// A lane's channels: y = (x - mean) factor + shift.
struct Affine {
  mean: vec4f,
  rstd: vec4f,
  factor: vec4f,
  shift: vec4f,
}

fn rstd_of(p: Params, v: vec4f) -> vec4f {
  if (STANDARD) {
    return 1.0 / (sqrt(v) + p.eps);
  } else {
    return inverseSqrt(v + p.eps);
  }
}

fn affine_of(p: Params, c: u32) -> Affine {
  let e = four(p, c);
  let rstd = rstd_of(p, vec4f(variance[e.x], variance[e.y], variance[e.z], variance[e.w]));
  let centre = vec4f(mean[e.x], mean[e.y], mean[e.z], mean[e.w]);
  if (STANDARD) {
    return Affine(centre, rstd, rstd, vec4f());
  } else {
    let factor = rstd * vec4f(gamma[e.x], gamma[e.y], gamma[e.z], gamma[e.w]);
    return Affine(centre, rstd, factor, vec4f(beta[e.x], beta[e.y], beta[e.z], beta[e.w]));
  }
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.part >= p.parts) {
    return;
  }
  let a = affine_of(p, lane.c);
  for (var row = lane.part; row < p.pixels; row += p.parts) {
    var y = (x_four(p, row, lane.c) - a.mean) * a.factor + a.shift;
    if (RELU) {
      y = max(y, vec4f());
    }
    out_four(p, row, lane.c, y);
  }
}

// The gradient that reaches the normalised value d factor + shift.
fn arriving(p: Params, row: u32, c: u32, normalised: vec4f) -> vec4f {
  let g = g_four(p, row, c);
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
  if (lane.part >= p.parts) {
    return;
  }
  let a = affine_of(p, lane.c);
  var total = vec4f();
  var product = vec4f();
  for (var row = lane.part; row < p.pixels; row += p.parts) {
    let d = x_four(p, row, lane.c) - a.mean;
    let g = arriving(p, row, lane.c, d * a.factor + a.shift);
    total += g;
    product += g * d;
  }
  partial_four(p, 2u * lane.part, lane.c, total);
  partial_four(p, 2u * lane.part + 1u, lane.c, product * a.rstd);
}

// A lane per channel.
@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let c = id.x;
  if (c >= p.cols) {
    return;
  }
  var sum = vec2f();
  for (var part = 0u; part < p.parts; part++) {
    let at = 2u * part * p.cols + c;
    sum += vec2f(partial[at], partial[at + p.cols]);
  }
  let rstd = rstd_of(p, vec4f(variance[c])).x;
  var factor = rstd;
  var shift = 0.0;
  if (!STANDARD) {
    factor *= gamma[c];
    shift = beta[c];
  }
  var means = vec2f();
  if (!FROZEN) {
    let n = mean[p.cols + c];
    means = factor * sum / max(vec2f(n, n - p.freedom), vec2f(1.0));
  }
  coefficients_out[c] = mean[c];
  coefficients_out[p.cols + c] = factor;
  coefficients_out[2u * p.cols + c] = shift;
  coefficients_out[3u * p.cols + c] = means.x;
  coefficients_out[4u * p.cols + c] = means.y * rstd;
  if (AFFINE) {
    dbeta[c] = sum.x;
    dgamma[c] = sum.y;
  }
}

fn coefficient(p: Params, plane: u32, c: u32) -> vec4f {
  let e = plane * p.cols + four(p, c);
  return vec4f(coefficients[e.x], coefficients[e.y], coefficients[e.z], coefficients[e.w]);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = lane_of(p, id);
  if (lane.part >= p.parts) {
    return;
  }
  let centre = coefficient(p, 0u, lane.c);
  let factor = coefficient(p, 1u, lane.c);
  let shift = coefficient(p, 2u, lane.c);
  let level = coefficient(p, 3u, lane.c);
  let slope = coefficient(p, 4u, lane.c);
  for (var row = lane.part; row < p.pixels; row += p.parts) {
    let d = x_four(p, row, lane.c) - centre;
    var v = factor * arriving(p, row, lane.c, d * factor + shift) - counted(p, row) * (level + d * slope);
    if (ADD) {
      v += earlier(p, row, four(p, lane.c));
    }
    out_four(p, row, lane.c, v);
  }
}

fn earlier(p: Params, row: u32, c: vec4u) -> vec4f {
  if (row % p.add_every != 0u) {
    return vec4f();
  }
  let e = p.add_offset + (row / p.add_every) * p.add_stride + c;
  return vec4f(other[e.x], other[e.y], other[e.z], other[e.w]);
}
