// Layer normalisation over the last axis: y = (x - mean) * rstd * gamma + beta, rstd = 1 / sqrt(var + eps).
//
//   forward          y and, for the gradient, stats[row] = (mean, rstd)
//   backward         dx = rstd (gh - mean(gh) - h mean(gh h)), h = (x - mean) rstd, gh = g gamma; adds an earlier gradient.
//                    The workgroups after those compute dgamma = sum g h and dbeta = sum g, a sum for each range of rows:
//                    two jobs in one launch, since launches are what small models wait for.
//
// GROUP lanes share a row, read again for each sum: 1 on software adapters (no barrier), 64 on GPUs (neighbouring lanes read
// neighbouring floats). Where a quad can hold a row in its registers, HELD vec4s a lane, it reads everything once, for the
// input's gradient and for dgamma and dbeta alike (entries quad_...). Rows of x may lie any distance apart; everything else
// has no gaps. The variance is summed about the mean in a pass of its own: one pass over squares cancels in float32.
enable subgroups;

const GROUP = 1u;
const HELD = 4u; // quad: cols / 16
const VEC = true; // rows start and end at multiples of four floats
const ADD = false; // backward: add `other`, a matrix with a row for each every-th row
const KEEP = true; // forward: write stats
const AFFINE = true; // backward: also compute dgamma and dbeta

struct Params {
  rows: u32,
  cols: u32,
  x_offset: u32,
  x_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  part: u32, // rows per part of dgamma and dbeta; quad: per quad
  row_groups: u32, // workgroups that compute dx
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x4: array<vec4f>;
@group(0) @binding(1) var<storage, read> x1: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out1: array<f32>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(7) var<storage, read> stats_in: array<vec2f>;
@group(0) @binding(8) var<storage, read> g4: array<vec4f>;
@group(0) @binding(9) var<storage, read> g1: array<f32>;
@group(0) @binding(10) var<storage, read> other: array<f32>;
@group(0) @binding(11) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(12) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(13) var<uniform> params: Params;

// Four neighbours; past the end of a row the lanes that matter hold zero (`live`), the rest of the arithmetic stays finite.
fn x_four(p: Params, row: u32, c: u32) -> vec4f {
  let at = p.x_offset + row * p.x_stride;
  if (VEC) {
    return x4[(at + c) >> 2u];
  } else {
    let e = p.cols - 1u;
    return vec4f(x1[at + c], x1[at + min(c + 1u, e)], x1[at + min(c + 2u, e)], x1[at + min(c + 3u, e)]);
  }
}

fn g_four(p: Params, row: u32, c: u32) -> vec4f {
  let at = row * p.cols;
  if (VEC) {
    return g4[(at + c) >> 2u];
  } else {
    let e = p.cols - 1u;
    return vec4f(g1[at + c], g1[at + min(c + 1u, e)], g1[at + min(c + 2u, e)], g1[at + min(c + 3u, e)]) * live(p, c);
  }
}

fn gamma_four(p: Params, c: u32) -> vec4f {
  let e = p.cols - 1u;
  return vec4f(gamma[c], gamma[min(c + 1u, e)], gamma[min(c + 2u, e)], gamma[min(c + 3u, e)]);
}

fn beta_four(p: Params, c: u32) -> vec4f {
  let e = p.cols - 1u;
  return vec4f(beta[c], beta[min(c + 1u, e)], beta[min(c + 2u, e)], beta[min(c + 3u, e)]);
}

// The gradient there is already.
fn other_four(p: Params, row: u32, c: u32) -> vec4f {
  if (ADD) {
    let line = row / p.add_every;
    if (line * p.add_every == row) {
      let at = p.add_offset + line * p.add_stride;
      let e = p.cols - 1u;
      return vec4f(other[at + c], other[at + min(c + 1u, e)], other[at + min(c + 2u, e)], other[at + min(c + 3u, e)]);
    }
  }
  return vec4f();
}

fn live(p: Params, c: u32) -> vec4f {
  if (VEC) {
    return vec4f(1.0);
  } else {
    return vec4f(vec4u(c, c + 1u, c + 2u, c + 3u) < vec4u(p.cols));
  }
}

fn out_four(p: Params, row: u32, c: u32, v: vec4f) {
  let at = row * p.cols + c;
  if (VEC) {
    out4[at >> 2u] = v;
  } else {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (c + e < p.cols) {
        out1[at + e] = v[e];
      }
    }
  }
}

// with rows.wgsl
alias Gathered = vec2f;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = (group.x + group.y * 65535u) * (64u / GROUP) + local / GROUP;
  let row = min(line, p.rows - 1u);
  let lane = local % GROUP;
  let cols = f32(p.cols);
  var sums = vec2f();
  for (var c = 4u * lane; c < p.cols; c += 4u * GROUP) {
    sums.x += dot(x_four(p, row, c), live(p, c));
  }
  let mean = over_row(sums, false, lane).x / cols;
  sums = vec2f();
  for (var c = 4u * lane; c < p.cols; c += 4u * GROUP) {
    let v = (x_four(p, row, c) - mean) * live(p, c);
    sums.x += dot(v, v);
  }
  let rstd = inverseSqrt(over_row(sums, false, lane).x / cols + p.eps);
  if (line < p.rows) {
    for (var c = 4u * lane; c < p.cols; c += 4u * GROUP) {
      out_four(p, row, c, (x_four(p, row, c) - mean) * rstd * gamma_four(p, c) + beta_four(p, c));
    }
    if (KEEP) {
      if (lane == 0u) {
        stats[row] = vec2f(mean, rstd);
      }
    }
  }
}

@compute @workgroup_size(64)
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let index = group.x + group.y * 65535u;
  if (AFFINE) {
    if (index >= p.row_groups) {
      affine_gradient(p, (index - p.row_groups) * 64u + local);
    } else {
      input_gradient(p, index, local);
    }
  } else {
    input_gradient(p, index, local);
  }
}

fn input_gradient(p: Params, group: u32, local: u32) {
  let line = group * (64u / GROUP) + local / GROUP;
  let row = min(line, p.rows - 1u);
  let lane = local % GROUP;
  let moments = stats_in[row];
  var sums = vec2f();
  for (var c = 4u * lane; c < p.cols; c += 4u * GROUP) {
    let gh = g_four(p, row, c) * gamma_four(p, c);
    sums += vec2f(dot(gh, vec4f(1.0)), dot(gh, (x_four(p, row, c) - moments.x) * moments.y));
  }
  sums = over_row(sums, false, lane) / f32(p.cols);
  if (line < p.rows) {
    for (var c = 4u * lane; c < p.cols; c += 4u * GROUP) {
      let h = (x_four(p, row, c) - moments.x) * moments.y;
      let v = moments.y * (g_four(p, row, c) * gamma_four(p, c) - sums.x - h * sums.y);
      out_four(p, row, c, v + other_four(p, row, c));
    }
  }
}

// Lane i sums four columns over one range of rows.
fn affine_gradient(p: Params, i: u32) {
  let fours = (p.cols + 3u) / 4u;
  let part = i / fours;
  let c = (i % fours) * 4u;
  var dg = vec4f();
  var db = vec4f();
  for (var row = part * p.part; row < min(p.rows, (part + 1u) * p.part); row++) {
    let g = g_four(p, row, c);
    let moments = stats_in[row];
    dg += g * (x_four(p, row, c) - moments.x) * moments.y;
    db += g;
  }
  if (part * p.part < p.rows) {
    keep_affine(p, part, c, dg, db);
  }
}

fn keep_affine(p: Params, part: u32, c: u32, dg: vec4f, db: vec4f) {
  for (var e = 0u; e < 4u; e++) { // unroll
    if (c + e < p.cols) {
      dgamma[part * p.cols + c + e] = dg[e];
      dbeta[part * p.cols + c + e] = db[e];
    }
  }
}

// ---- quad: rows held in registers ----------------------------------------------------------------------------------------

const QUADS = 2u; // per workgroup

alias Row = array<vec4f, HELD>;

// Lane l of a quad holds the columns from 16 c + 4 l on.
fn held_col(c: u32, lane: u32) -> u32 {
  return 16u * c + 4u * lane;
}

fn over_quad(v: f32) -> f32 {
  let pair = v + quadSwapX(v);
  return pair + quadSwapY(pair);
}

@compute @workgroup_size(4u * QUADS)
fn quad_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let lane = local & 3u;
  let first = ((group.x + group.y * 65535u) * QUADS + (local >> 2u)) * p.part;
  var scale: Row;
  var shift: Row;
  for (var c = 0u; c < HELD; c++) { // unroll
    scale[c] = gamma_four(p, held_col(c, lane));
    shift[c] = beta_four(p, held_col(c, lane));
  }
  for (var i = 0u; i < p.part; i++) {
    let row = min(first + i, p.rows - 1u);
    var x: Row;
    var sum = 0.0;
    for (var c = 0u; c < HELD; c++) { // unroll
      x[c] = x_four(p, row, held_col(c, lane));
      sum += dot(x[c], vec4f(1.0));
    }
    let mean = over_quad(sum) / f32(p.cols);
    sum = 0.0;
    for (var c = 0u; c < HELD; c++) { // unroll
      x[c] -= mean;
      sum += dot(x[c], x[c]);
    }
    let rstd = inverseSqrt(over_quad(sum) / f32(p.cols) + p.eps);
    if (first + i < p.rows) {
      for (var c = 0u; c < HELD; c++) { // unroll
        out_four(p, row, held_col(c, lane), x[c] * rstd * scale[c] + shift[c]);
      }
      if (KEEP) {
        if (lane == 0u) {
          stats[row] = vec2f(mean, rstd);
        }
      }
    }
  }
}

@compute @workgroup_size(4u * QUADS)
fn quad_backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let lane = local & 3u;
  let part = (group.x + group.y * 65535u) * QUADS + (local >> 2u);
  let first = part * p.part;
  var scale: Row;
  var dg: Row;
  var db: Row;
  for (var c = 0u; c < HELD; c++) { // unroll
    scale[c] = gamma_four(p, held_col(c, lane));
  }
  for (var i = 0u; i < p.part; i++) {
    let row = min(first + i, p.rows - 1u);
    let inside = first + i < p.rows;
    let moments = stats_in[row];
    var h: Row;
    var gh: Row;
    var sums = vec2f();
    for (var c = 0u; c < HELD; c++) { // unroll
      let g = select(vec4f(), g_four(p, row, held_col(c, lane)), inside);
      h[c] = (x_four(p, row, held_col(c, lane)) - moments.x) * moments.y;
      gh[c] = g * scale[c];
      sums += vec2f(dot(gh[c], vec4f(1.0)), dot(gh[c], h[c]));
      if (AFFINE) {
        dg[c] += g * h[c];
        db[c] += g;
      }
    }
    sums = vec2f(over_quad(sums.x), over_quad(sums.y)) / f32(p.cols);
    if (inside) {
      for (var c = 0u; c < HELD; c++) { // unroll
        out_four(p, row, held_col(c, lane), moments.y * (gh[c] - sums.x - h[c] * sums.y) + other_four(p, row, held_col(c, lane)));
      }
    }
  }
  if (AFFINE) {
    if (first < p.rows) {
      for (var c = 0u; c < HELD; c++) { // unroll
        keep_affine(p, part, held_col(c, lane), dg[c], db[c]);
      }
    }
  }
}
