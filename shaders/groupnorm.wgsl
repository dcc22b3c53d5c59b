// Group normalisation of maps: y = (x - mean) rstd gamma + beta, then ReLU if wanted; rstd = 1 / sqrt(var + eps).
//
// x is [images, pixels, cols]; mean and variance are those of an image's `group_cols` neighbouring channels over its pixels,
// with VISIBLE over those whose cell of a coarse grid [grid_h, grid_w] holds 1 (all pixels are normalised).
//
//   forward   y and, for the gradient, stats[image, channel] = (mean, rstd, gamma, beta), (n, 0, 0, 0)
//   backward  dx = rstd (g gamma - mean(g gamma) - h mean(g gamma h)), h = (x - mean) rstd, g zero where ReLU was; adds an
//             earlier gradient. dgamma = sum g h, dbeta = sum g, a part for each image
//
// GROUP lanes own a group of an image, from its statistics to its result: one launch each way, since launches are what small
// models wait for. GROUP is 1 on software adapters (no barrier, which is what costs there), 64 on GPUs. Squares are summed
// about a running mean (Welford), counted from the first pixel, and merged about the common one (Chan, Golub, LeVeque):
// float32 does not cancel.
const GROUP = 1u;
const WORKGROUP = 8u;
const WIDE = true; // groups are multiples of four channels
const RELU = false;
const VISIBLE = false;
const KEEP = true; // forward: write stats
const AFFINE = true; // backward: write dgamma and dbeta
const ADD = false; // backward: add `other`, a matrix with a row for each add_every-th row

struct Params {
  images: u32,
  pixels: u32, // per image
  cols: u32,
  group_cols: u32,
  height: u32, // of the maps, for VISIBLE
  width: u32,
  grid_h: u32,
  grid_w: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x4: array<vec4f>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(2) var<storage, read> g4: array<vec4f>;
@group(0) @binding(3) var<storage, read> g1: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> beta: array<f32>;
@group(0) @binding(6) var<storage, read> visible: array<f32>;
@group(0) @binding(7) var<storage, read_write> stats: array<vec4f>;
@group(0) @binding(8) var<storage, read> stats_in: array<vec4f>;
@group(0) @binding(9) var<storage, read> other: array<f32>;
@group(0) @binding(10) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> out1: array<f32>;
@group(0) @binding(12) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(13) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(14) var<uniform> params: Params;

// The group a lane works on: its image, its channels from first to end, which lane of the team this is, whether it exists.
struct Team {
  image: u32,
  first: u32,
  end: u32,
  lane: u32,
  real: bool,
}

fn team_of(p: Params, group: vec3u, local: u32) -> Team {
  let groups = p.cols / p.group_cols;
  let line = (group.x + group.y * 65535u) * (WORKGROUP / GROUP) + local / GROUP;
  let i = min(line, p.images * groups - 1u);
  let first = (i % groups) * p.group_cols;
  return Team(i / groups, first, first + p.group_cols, local % GROUP, line == i);
}

// Channels c to c + 3 of a group that ends at `end`; past it the last is repeated, and `live` is zero.
fn four(c: u32, end: u32) -> vec4u {
  return min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(end - 1u));
}

fn live(c: u32, end: u32) -> vec4f {
  if (WIDE) {
    return vec4f(1.0);
  } else {
    return vec4f(vec4u(c, c + 1u, c + 2u, c + 3u) < vec4u(end));
  }
}

fn x_four(p: Params, row: u32, c: u32, end: u32) -> vec4f {
  if (WIDE) {
    return x4[(row * p.cols + c) >> 2u];
  } else {
    let e = row * p.cols + four(c, end);
    return vec4f(x1[e.x], x1[e.y], x1[e.z], x1[e.w]);
  }
}

fn g_four(p: Params, row: u32, c: u32, end: u32) -> vec4f {
  if (WIDE) {
    return g4[(row * p.cols + c) >> 2u];
  } else {
    let e = row * p.cols + four(c, end);
    return vec4f(g1[e.x], g1[e.y], g1[e.z], g1[e.w]);
  }
}

fn out_four(p: Params, row: u32, c: u32, end: u32, v: vec4f) {
  let at = row * p.cols + c;
  if (WIDE) {
    out4[at >> 2u] = v;
  } else {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (c + e < end) {
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

var<workgroup> gathered: array<mat2x4f, GROUP>;

// Sums over the 64 lanes of a team: eight lanes add up eight each, then everybody those eight.
fn over_team(v: mat2x4f, lane: u32) -> mat2x4f {
  if (GROUP == 1u) {
    return v;
  } else {
    workgroupBarrier();
    gathered[lane] = v;
    workgroupBarrier();
    if (lane < 8u) {
      gathered[lane] = eight(lane, 8u);
    }
    workgroupBarrier();
    return eight(0u, 1u);
  }
}

fn eight(first: u32, apart: u32) -> mat2x4f {
  var sum = gathered[first];
  for (var i = 1u; i < 8u; i++) {
    sum += gathered[first + i * apart];
  }
  return sum;
}

// Count, mean and sum of squares about the mean of the numbers of two sets.
fn joined(a: vec3f, b: vec3f) -> vec3f {
  let n = a.x + b.x;
  let share = b.x / max(n, 1.0);
  let d = b.y - a.y;
  return vec3f(n, a.y + d * share, a.z + b.z + d * d * a.x * share);
}

// The same of what one lane sees of a group.
fn lane_moments(p: Params, t: Team) -> vec3f {
  var all = vec3f();
  for (var k = 0u; k < p.group_cols; k += 4u) {
    let c = t.first + k;
    let origin = x_four(p, t.image * p.pixels, c, t.end);
    var n = 0.0;
    var mean = vec4f();
    var squares = vec4f();
    for (var r = t.lane; r < p.pixels; r += GROUP) {
      let row = t.image * p.pixels + r;
      let weight = counted(p, row);
      let x = x_four(p, row, c, t.end) - origin;
      let d = x - mean;
      n += weight;
      mean += d * (weight / max(n, 1.0));
      squares += weight * d * (x - mean);
    }
    let used = live(c, t.end);
    let count = dot(used, vec4f(1.0));
    let centre = dot(origin + mean, used) / count;
    let d = (origin + mean - centre) * used;
    all = joined(all, vec3f(n * count, centre, dot(squares, used) + n * dot(d, d)));
  }
  return all;
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let t = team_of(p, group, local);
  let own = lane_moments(p, t);
  let sums = over_team(mat2x4f(vec4f(own.x), vec4f(own.x * own.y)), t.lane);
  let n = max(sums[0].x, 1.0);
  let mean = sums[1].x / n;
  let d = own.y - mean;
  let squares = over_team(mat2x4f(vec4f(own.z + own.x * d * d), vec4f()), t.lane)[0].x;
  let rstd = inverseSqrt(squares / n + p.eps);
  if (!t.real) {
    return;
  }
  for (var k = 0u; k < p.group_cols; k += 4u) {
    let c = t.first + k;
    let e = four(c, t.end);
    let scale = vec4f(gamma[e.x], gamma[e.y], gamma[e.z], gamma[e.w]);
    let shift = vec4f(beta[e.x], beta[e.y], beta[e.z], beta[e.w]);
    for (var r = t.lane; r < p.pixels; r += GROUP) {
      let row = t.image * p.pixels + r;
      var y = (x_four(p, row, c, t.end) - mean) * (rstd * scale) + shift;
      if (RELU) {
        y = max(y, vec4f());
      }
      out_four(p, row, c, t.end, y);
    }
    if (KEEP) {
      if (t.lane == 0u) {
        for (var i = 0u; i < 4u; i++) { // unroll
          if (WIDE || c + i < t.end) {
            let at = 2u * (t.image * p.cols + c + i);
            stats[at] = vec4f(mean, rstd, scale[i], shift[i]);
            stats[at + 1u] = vec4f(n, 0.0, 0.0, 0.0);
          }
        }
      }
    }
  }
}

// What forward kept of four channels.
struct Kept {
  mean: f32,
  rstd: f32,
  scale: vec4f, // gamma
  shift: vec4f, // beta
  n: f32,
}

fn kept(p: Params, t: Team, c: u32) -> Kept {
  let at = 2u * (t.image * p.cols + four(c, t.end));
  let a = stats_in[at.x];
  let b = stats_in[at.y];
  let d = stats_in[at.z];
  let e = stats_in[at.w];
  return Kept(a.x, a.y, vec4f(a.z, b.z, d.z, e.z), vec4f(a.w, b.w, d.w, e.w), stats_in[at.x + 1u].x);
}

// The gradient that reaches the normalised value d factor + shift.
fn arriving(p: Params, row: u32, c: u32, end: u32, normalised: vec4f) -> vec4f {
  let g = g_four(p, row, c, end);
  if (RELU) {
    return select(vec4f(), g, normalised > vec4f());
  } else {
    return g;
  }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let t = team_of(p, group, local);
  var means = vec2f();
  for (var k = 0u; k < p.group_cols; k += 4u) {
    let c = t.first + k;
    let s = kept(p, t, c);
    var total = vec4f();
    var product = vec4f();
    for (var r = t.lane; r < p.pixels; r += GROUP) {
      let row = t.image * p.pixels + r;
      let d = x_four(p, row, c, t.end) - s.mean;
      let g = arriving(p, row, c, t.end, d * (s.rstd * s.scale) + s.shift);
      total += g;
      product += g * d;
    }
    let sums = over_team(mat2x4f(total, s.rstd * product), t.lane);
    means += (s.scale * live(c, t.end)) * sums * (s.rstd / s.n);
    if (AFFINE) {
      if (t.real && t.lane == 0u) {
        affine_gradient(p, t, c, sums);
      }
    }
  }
  if (t.real) {
    input_gradient(p, t, means);
  }
}

fn affine_gradient(p: Params, t: Team, c: u32, sums: mat2x4f) {
  for (var e = 0u; e < 4u; e++) { // unroll
    if (c + e < t.end) {
      dbeta[t.image * p.cols + c + e] = sums[0][e];
      dgamma[t.image * p.cols + c + e] = sums[1][e];
    }
  }
}

// means: rstd mean(g gamma), rstd mean(g gamma h).
fn input_gradient(p: Params, t: Team, means: vec2f) {
  for (var k = 0u; k < p.group_cols; k += 4u) {
    let c = t.first + k;
    let s = kept(p, t, c);
    let factor = s.rstd * s.scale;
    for (var r = t.lane; r < p.pixels; r += GROUP) {
      let row = t.image * p.pixels + r;
      let d = x_four(p, row, c, t.end) - s.mean;
      var v = factor * arriving(p, row, c, t.end, d * factor + s.shift);
      v -= counted(p, row) * (means.x + d * (s.rstd * means.y));
      if (ADD) {
        v += earlier(p, row, four(c, t.end));
      }
      out_four(p, row, c, t.end, v);
    }
  }
}

fn earlier(p: Params, row: u32, c: vec4u) -> vec4f {
  if (row % p.add_every != 0u) {
    return vec4f();
  }
  let e = p.add_offset + (row / p.add_every) * p.add_stride + c;
  return vec4f(other[e.x], other[e.y], other[e.z], other[e.w]);
}
