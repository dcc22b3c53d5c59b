// Matrix product C = act(A·B + bias) with fused epilogues, in every layout, for every adapter.
//
//   C[i,j] = sum_k A[i,k] B[k,j]        i < m, j < n, k < k_size
//
// Storage. A is [m,k] (or [k,m] when A_T), B is [k,n] (or [n,k] when B_T, the layout of a linear layer's weight).
// Rows may be any distance apart (lda, ldb, ldc). When a row start and length are multiples of four floats a matrix is
// read as vec4 (A_VEC, B_VEC, C_VEC); otherwise float by float, so no shape is refused.
//
// Trick. Software adapters pay for every load (an emulated gather) and for every barrier, hardly for arithmetic. So a
// lane holds 4x4 blocks of A and B with k along the vector: a product of two blocks is four vector-matrix products, and
// each accumulator is touched once per four multiply-adds. Blocks stored the other way are transposed in registers.
// Lanes then share what they loaded:
//   quad          four lanes; the B blocks travel round the quad (quadSwap), each lane keeps its rows
//   coop          LANES lanes; rows of A are handed out by subgroupBroadcast, each lane keeps its columns (LANES = 1: no sharing)
//   shared_tiles  workgroup tiles in workgroup memory, with barriers, for GPUs
//   epilogue      no product: applies the epilogue to a matrix that is there already, C = act(A)...
// The k range may be split over workgroups (PARTS along z): part p writes its own copy of C, summed by the kernel that reads it.
//
// Convolution. One factor may be gathered from feature maps without being written out (GATHER, below). The k range then
// falls into segments, over which addresses move evenly: k starts anew in each, and zero stands for what lies outside the
// map. A product of stored matrices is the case of a single segment.
enable subgroups;
enable f16;

const A_T = false;
const B_T = true;
const A_VEC = true;
const B_VEC = true;
const C_VEC = true;
const K_TAIL = false; // k_size is not a multiple of 4
const GATHER = 0u; // 0 nothing, 1 A for a convolution, 2 A for the gradient of its input, 3 B for that of its weight
const A_BLOCKS = 2u; // 4-row blocks of A per lane
const B_BLOCKS = 1u; // 4-column blocks of B per lane
const LANES = 8u; // coop: lanes that share rows of A, at most the subgroup size
const WORKGROUP = 8u;
const HALF = false; // shared: keep the tiles in f16 (accumulation stays f32)
const TILE_M = 64u; // shared: rows and columns of C of a workgroup
const TILE_N = 64u;
const LANE_ROWS = 8u; // and of a lane, the columns by fours
const LANE_FOURS = 2u;
const B_TURN = 0u; // shared: the lanes from B_TURN * TILE_N on load the tile of B

const BIAS = false;
const SAVE = false; // also write the activation's derivative, for the gradient to multiply by
const ACTIVATION = 0u; // 0 none, 1 exact GELU, 2 ReLU, 3 quick GELU x sigmoid(1.702 x)
const SCALE = false; // multiply by `factor`, such as a saved derivative
const SCALE_VEC = true; // `factor` can be read as vec4, as A, B and C
const ADD = false; // add `other`, a matrix with as many rows as C ...
const ADD_SPARSE = false; // ... or with a row for each add_every-th row of C
const ADD_VEC = true;
const ROW_SUMS = false; // also write sum_k A[i,k] (the gradient of a bias), one value per row and part

struct Params {
  m: u32,
  n: u32,
  k_size: u32,
  k_part: u32, // k range of one part, a multiple of 4; of a gathered B its segments
  a_offset: u32, // offsets and row distances in floats
  lda: u32,
  b_offset: u32,
  ldb: u32,
  c_offset: u32,
  ldc: u32,
  add_offset: u32,
  ld_add: u32,
  add_every: u32,
  factor_offset: u32,
  ld_factor: u32,
  bias_offset: u32,
  tile_groups: u32, // workgroups that compute tiles
  height: u32, // of the gathered maps [.., height, line / channels, channels]
  line: u32, // floats
  channels: u32,
  grid_height: u32, // of the maps whose pixels are the rows of A (and of B, when that is gathered)
  grid_width: u32,
  lines: u32, // grid_height times the number of maps
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  padding: u32,
  out_height: u32, // of the input whose gradient is computed
  out_width: u32,
}

@group(0) @binding(0) var<storage, read> a4: array<vec4f>;
@group(0) @binding(1) var<storage, read> a1: array<f32>;
@group(0) @binding(2) var<storage, read> b4: array<vec4f>;
@group(0) @binding(3) var<storage, read> b1: array<f32>;
@group(0) @binding(4) var<storage, read_write> c4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> c1: array<f32>;
@group(0) @binding(6) var<storage, read> bias: array<f32>;
@group(0) @binding(7) var<storage, read> other4: array<vec4f>;
@group(0) @binding(8) var<storage, read> other1: array<f32>;
@group(0) @binding(9) var<storage, read_write> save4: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> save1: array<f32>;
@group(0) @binding(11) var<storage, read> factor4: array<vec4f>;
@group(0) @binding(12) var<storage, read> factor1: array<f32>;
@group(0) @binding(13) var<storage, read_write> row_sums: array<f32>;
@group(0) @binding(14) var<uniform> params: Params;

// ---- loads ---------------------------------------------------------------------------------------------------------

// A spot is where a block's four stored rows begin, in floats, worked out once per tile. A run is the same at k = 0 of a
// segment, in elements of the array read (vec4s or floats); every four k it moves on by `pace`. `span` counts the elements
// that may follow in the stored row (only a float-by-float load checks this). Blocks past the end of the matrix repeat its last row.
struct Spot {
  at: vec4u,
  x: vec4u, // gathered: floats into the map's line
  y: vec4u, // gathered: lines into the map
}

struct Run {
  at: vec4u,
  x: vec4u, // gathered: as above, no less than `line` where there is nothing
}

fn a_pace(p: Params) -> u32 {
  return select(1u, p.lda, A_T) * select(4u, 1u, A_VEC);
}

fn b_pace(p: Params) -> u32 {
  if (GATHER == 3u) {
    return p.stride * p.channels * select(4u, 1u, B_VEC);
  } else {
    return select(p.ldb, 1u, B_T) * select(4u, 1u, B_VEC);
  }
}

// Four rows of A from row i on (four columns of A, when it is stored transposed).
fn a_spot(p: Params, i: u32, z: u32) -> Spot {
  if (GATHER == 1u || GATHER == 2u) {
    return gathered_rows(p, i, z);
  } else if (A_T) {
    return Spot(p.a_offset + min(i, p.m - select(1u, 4u, A_VEC)) + vec4u(0u, 1u, 2u, 3u) * p.lda, vec4u(), vec4u());
  } else {
    return Spot(p.a_offset + min(i + vec4u(0u, 1u, 2u, 3u), vec4u(p.m - 1u)) * p.lda, vec4u(), vec4u());
  }
}

// Four columns of B from column j on (four rows of B, unless it is stored transposed).
fn b_spot(p: Params, j: u32) -> Spot {
  if (GATHER == 3u) {
    return gathered_columns(p, j);
  } else if (B_T) {
    return Spot(p.b_offset + min(j + vec4u(0u, 1u, 2u, 3u), vec4u(p.n - 1u)) * p.ldb, vec4u(), vec4u());
  } else {
    return Spot(p.b_offset + min(j, p.n - select(1u, 4u, B_VEC)) + vec4u(0u, 1u, 2u, 3u) * p.ldb, vec4u(), vec4u());
  }
}

fn a_run(p: Params, spot: Spot, s: u32, z: u32) -> Run {
  if (GATHER == 1u) {
    return gathered_run(p, spot, 0u, s, s * p.line, A_VEC);
  } else if (GATHER == 2u) {
    let back = segment_tap(p, s, z);
    return gathered_run(p, spot, 0u - back.x * p.channels, 0u - back.y, 0u - back.y * p.line - back.x * p.channels, A_VEC);
  } else if (GATHER == 3u) {
    return Run((spot.at + s * p.k_size * p.lda) / select(1u, 4u, A_VEC), vec4u());
  } else {
    return Run(spot.at / select(1u, 4u, A_VEC), vec4u());
  }
}

fn b_run(p: Params, spot: Spot, s: u32, z: u32) -> Run {
  if (GATHER == 1u) {
    return Run((spot.at + s * p.k_size) / select(1u, 4u, B_VEC), vec4u());
  } else if (GATHER == 2u) {
    return Run((spot.at + tap(p, s, z) * p.n) / select(1u, 4u, B_VEC), vec4u());
  } else if (GATHER == 3u) {
    let map = s / p.grid_height;
    let y = (s - map * p.grid_height) * p.stride;
    return gathered_run(p, spot, 0u, y, (map * p.height + y) * p.line, B_VEC);
  } else {
    return Run(spot.at / select(1u, 4u, B_VEC), vec4u());
  }
}

fn a_span(p: Params, i: u32, k: u32) -> u32 {
  return select(p.k_size - 1u - min(k, p.k_size - 1u), p.m - 1u - min(i, p.m - 1u), A_T);
}

fn b_span(p: Params, j: u32, k: u32) -> u32 {
  return select(p.n - 1u - min(j, p.n - 1u), p.k_size - 1u - min(k, p.k_size - 1u), B_T);
}

fn a_four(at: u32, span: u32) -> vec4f {
  if (A_VEC) {
    return a4[at];
  } else {
    return vec4f(a1[at], a1[at + min(1u, span)], a1[at + min(2u, span)], a1[at + min(3u, span)]);
  }
}

fn b_four(at: u32, span: u32) -> vec4f {
  if (B_VEC) {
    return b4[at];
  } else {
    return vec4f(b1[at], b1[at + min(1u, span)], b1[at + min(2u, span)], b1[at + min(3u, span)]);
  }
}

// Four rows of A, each a vec4 along k.
fn a_block(p: Params, run: Run, i: u32, k: u32) -> mat4x4f {
  if (GATHER == 1u || GATHER == 2u) {
    let x = run.x + k;
    let t = mat4x4f(a_pixel(p, run.at.x, x.x), a_pixel(p, run.at.y, x.y), a_pixel(p, run.at.z, x.z), a_pixel(p, run.at.w, x.w));
    return ended(p, t, k);
  } else {
    var span = 0u;
    if (!A_VEC) {
      span = a_span(p, i, k);
    }
    let t = mat4x4f(a_four(run.at.x, span), a_four(run.at.y, span), a_four(run.at.z, span), a_four(run.at.w, span));
    if (A_T) {
      return ended(p, transpose(t), k);
    } else {
      return ended(p, t, k);
    }
  }
}

// Four columns of B, each a vec4 along k.
fn b_block(p: Params, run: Run, j: u32, k: u32) -> mat4x4f {
  if (GATHER == 3u) {
    let t = mat4x4f(b_pixel(p, run, k, 0u), b_pixel(p, run, k, 1u), b_pixel(p, run, k, 2u), b_pixel(p, run, k, 3u));
    return ended(p, transpose(t), k);
  } else {
    var span = 0u;
    if (!B_VEC) {
      span = b_span(p, j, k);
    }
    let t = mat4x4f(b_four(run.at.x, span), b_four(run.at.y, span), b_four(run.at.z, span), b_four(run.at.w, span));
    if (B_T) {
      return ended(p, t, k);
    } else {
      return ended(p, transpose(t), k);
    }
  }
}

// Zero for k past the end; chosen, not multiplied, because what was read there may be anything.
fn ended(p: Params, t: mat4x4f, k: u32) -> mat4x4f {
  if (K_TAIL) {
    let live = vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(p.k_size);
    let none = vec4f();
    return mat4x4f(select(none, t[0], live), select(none, t[1], live), select(none, t[2], live), select(none, t[3], live));
  } else {
    return t;
  }
}

// ---- segments of k, and what is gathered for a convolution -----------------------------------------------------------

// y[b,oy,ox,o] = sum over ky,kx,c of w[o,ky,kx,c] x[b, oy stride + ky - padding, ox stride + kx - padding, c], with x zero
// outside its map. A line of a map, a pixel's channels and a kernel's line lie without gaps, which is why these are segments:
//   1  y = X W^T       rows are pixels of y; a segment is a line of the kernel: k counts its floats, and those of x alike
//   2  dx = G W        rows are pixels of x whose place modulo stride is z, so that the same taps reach all of them; a
//                      segment is one of these taps: k counts channels of y
//   3  dW = G^T X      a segment is a line of y: k counts its pixels

fn first_segment(p: Params, z: u32) -> u32 {
  if (GATHER == 3u) {
    return z * p.k_part;
  } else {
    return 0u;
  }
}

fn end_segment(p: Params, z: u32) -> u32 {
  if (GATHER == 3u) {
    return min(p.lines, (z + 1u) * p.k_part);
  } else if (GATHER == 2u) {
    let taps = taps_of(p, z);
    return taps.x * taps.y;
  } else if (GATHER == 1u) {
    return p.kernel_height;
  } else {
    return 1u;
  }
}

fn first_k(p: Params, z: u32) -> u32 {
  if (GATHER == 0u) {
    return z * p.k_part;
  } else {
    return 0u;
  }
}

fn end_k(p: Params, z: u32) -> u32 {
  if (GATHER == 0u) {
    return min(p.k_size, (z + 1u) * p.k_part);
  } else {
    return p.k_size;
  }
}

// The pixel (x, y) of a class, modulo stride.
fn class_of(p: Params, z: u32) -> vec2u {
  return vec2u(z % p.stride, z / p.stride);
}

// How many taps along x and y reach a class, and the one of these that is segment s.
fn taps_of(p: Params, z: u32) -> vec2u {
  return (vec2u(p.kernel_width, p.kernel_height) + (p.stride - 1u) - (class_of(p, z) + p.padding) % p.stride) / p.stride;
}

fn segment_tap(p: Params, s: u32, z: u32) -> vec2u {
  let across = taps_of(p, z).x;
  return vec2u(s % across, s / across);
}

// Its place in the kernel.
fn tap(p: Params, s: u32, z: u32) -> u32 {
  let place = segment_tap(p, s, z) * p.stride + (class_of(p, z) + p.padding) % p.stride;
  return place.y * p.kernel_width + place.x;
}

const NOWHERE = 0x80000000u;

// Places and distances may be negative: as u32 these are large.

fn gathered_rows(p: Params, i: u32, z: u32) -> Spot {
  let row = min(i + vec4u(0u, 1u, 2u, 3u), vec4u(p.m - 1u));
  let line = row / p.grid_width;
  let map = line / p.grid_height;
  var x = row - line * p.grid_width;
  var y = line - map * p.grid_height;
  if (GATHER == 1u) {
    x = x * p.stride - p.padding;
    y = y * p.stride - p.padding;
  } else {
    let reach = (class_of(p, z) + p.padding) / p.stride;
    x += reach.x;
    y += reach.y;
  }
  return Spot(p.a_offset + (map * p.height + y) * p.line + x * p.channels, x * p.channels, y);
}

fn gathered_columns(p: Params, j: u32) -> Spot {
  let col = min(j + vec4u(0u, 1u, 2u, 3u), vec4u(p.n - 1u));
  let length = p.kernel_width * p.channels;
  let y = col / length;
  let x = col - y * length - p.padding * p.channels;
  return Spot(p.b_offset + (y - p.padding) * p.line + x, x, y - p.padding);
}

// The run a segment makes of a spot: it lies x floats and y lines, in memory `distance` floats, from there.
fn gathered_run(p: Params, spot: Spot, x: u32, y: u32, distance: u32, vec: bool) -> Run {
  let at = spot.at + distance;
  return Run(select(at, vec4u(vec4i(at) >> vec4u(2u)), vec), select(vec4u(NOWHERE), spot.x + x, spot.y + y < vec4u(p.height)));
}

// Four floats of a line from `at`, which lies x floats into it.
fn a_pixel(p: Params, at: u32, x: u32) -> vec4f {
  if (A_VEC) {
    return select(vec4f(), a4[at], x < p.line);
  } else {
    return select(vec4f(), a_four(at, 3u), x + vec4u(0u, 1u, 2u, 3u) < vec4u(p.line));
  }
}

// Element k + e of four columns.
fn b_pixel(p: Params, run: Run, k: u32, e: u32) -> vec4f {
  let x = run.x + (k + e) * p.stride * p.channels;
  let at = run.at + e * (b_pace(p) / 4u);
  if (B_VEC) {
    return select(vec4f(), b4[at.x], x.x < p.line);
  } else {
    return select(vec4f(), vec4f(b1[at.x], b1[at.y], b1[at.z], b1[at.w]), x < vec4u(p.line));
  }
}

// The row of C that row i of the product is: another one, or none, only where rows are a class of pixels.
fn row_of_c(p: Params, i: u32, z: u32) -> u32 {
  if (GATHER == 2u) {
    let line = i / p.grid_width;
    let map = line / p.grid_height;
    let pixel = vec2u(i - line * p.grid_width, line - map * p.grid_height) * p.stride + class_of(p, z);
    let inside = pixel.x < p.out_width && pixel.y < p.out_height;
    return select(NOWHERE, (map * p.out_height + pixel.y) * p.out_width + pixel.x, inside);
  } else {
    return i;
  }
}

// Where the copy of C begins that a part writes; classes write rows of the same one.
fn part_of_c(p: Params, z: u32) -> u32 {
  if (GATHER == 2u) {
    return 0u;
  } else {
    return z * p.m * p.n;
  }
}

// ---- epilogue ------------------------------------------------------------------------------------------------------

const SQRT_HALF = 0.7071067811865476;

// An activation's value and derivative. GELU(x) = x F(x) and GELU'(x) = F(x) + x f(x) with the normal distribution F and its
// density f: erf by Abramowitz and Stegun 7.1.26, which is within 1.5e-7, and one exponential serves both.
struct Activated {
  value: vec4f,
  slope: vec4f,
}

fn activate(x: vec4f) -> Activated {
  if (ACTIVATION == 1u) {
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.3275911 * SQRT_HALF * abs(x));
    let series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    let below = 0.5 + 0.5 * sign(x) * (1.0 - series * bell);
    return Activated(x * below, below + x * 0.3989422804014327 * bell);
  } else if (ACTIVATION == 3u) {
    let s = 1.0 / (1.0 + exp(-1.702 * x));
    return Activated(x * s, s + 1.702 * x * s * (1.0 - s));
  } else {
    return Activated(max(x, vec4f()), select(vec4f(), vec4f(1.0), x > vec4f()));
  }
}

// The value accumulators of columns col..col+3 start from: a bias costs nothing there.
fn initial(p: Params, col: u32) -> vec4f {
  if (BIAS) {
    let at = columns(p, col) + p.bias_offset;
    return vec4f(bias[at.x], bias[at.y], bias[at.z], bias[at.w]);
  } else {
    return vec4f();
  }
}

// What becomes of four neighbouring sums.
fn finish(p: Params, row: u32, col: u32, sum: vec4f) -> vec4f {
  var v = sum;
  if (ACTIVATION != 0u) {
    let activated = activate(v);
    v = activated.value;
    if (SAVE) {
      keep(p, row, col, activated.slope);
    }
  }
  if (SCALE) {
    v *= factor_four(p, row, col);
  }
  if (ADD && ADD_SPARSE) {
    if (row % p.add_every == 0u) {
      v += other_four(p, row / p.add_every, col);
    }
  } else if (ADD) {
    v += other_four(p, row, col);
  }
  return v;
}

// Columns past the end repeat the last one: they are not stored.
fn columns(p: Params, col: u32) -> vec4u {
  return min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(p.n - 1u));
}

fn factor_four(p: Params, row: u32, col: u32) -> vec4f {
  let start = p.factor_offset + row * p.ld_factor;
  if (SCALE_VEC) {
    return factor4[(start + col) >> 2u];
  } else {
    let at = start + columns(p, col);
    return vec4f(factor1[at.x], factor1[at.y], factor1[at.z], factor1[at.w]);
  }
}

fn other_four(p: Params, row: u32, col: u32) -> vec4f {
  let start = p.add_offset + row * p.ld_add;
  if (ADD_VEC) {
    return other4[(start + col) >> 2u];
  } else {
    let at = start + columns(p, col);
    return vec4f(other1[at.x], other1[at.y], other1[at.z], other1[at.w]);
  }
}

fn keep(p: Params, row: u32, col: u32, v: vec4f) {
  let at = row * p.n + col;
  if (C_VEC) {
    save4[at >> 2u] = v;
  } else {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (col + e < p.n) {
        save1[at + e] = v[e];
      }
    }
  }
}

// Finishes and stores four neighbours of row i of the product, from column `col` on.
fn store(p: Params, i: u32, col: u32, sum: vec4f, z: u32) {
  let row = row_of_c(p, i, z);
  if (i < p.m && row != NOWHERE && col < p.n) {
    let at = p.c_offset + part_of_c(p, z) + row * p.ldc + col;
    let v = finish(p, row, col, sum);
    if (C_VEC) {
      c4[at >> 2u] = v;
    } else {
      for (var e = 0u; e < 4u; e++) { // unroll
        if (col + e < p.n) {
          c1[at + e] = v[e];
        }
      }
    }
  }
}

fn keep_row_sums(p: Params, row: u32, sum: vec4f, part: u32) {
  for (var e = 0u; e < 4u; e++) { // unroll
    if (row + e < p.m) {
      row_sums[part * p.m + row + e] = sum[e];
    }
  }
}

// Lane i of the workgroups after those with tiles sums four rows of A. Only `quad`, whose lanes keep their rows of A, sums
// them by the way: in the loop of the others that costs a third more.
fn sum_rows(p: Params, lane: u32, part: u32) {
  let row = 4u * lane;
  let spot = a_spot(p, row, part);
  var sum = vec4f();
  for (var s = first_segment(p, part); s < end_segment(p, part); s++) {
    var a_at = a_run(p, spot, s, part);
    a_at.at += first_k(p, part) / 4u * a_pace(p);
    for (var k = first_k(p, part); k < end_k(p, part); k += 4u) {
      sum += vec4f(1.0) * a_block(p, a_at, row, k);
      a_at.at += a_pace(p);
    }
  }
  keep_row_sums(p, row, sum, part);
}

// ---- quad: B blocks travel round four lanes ------------------------------------------------------------------------

// First column of accumulator j: d = j mod 4 swaps away from this lane's own block j / 4.
fn quad_col(col: u32, lane: u32, j: u32) -> u32 {
  return col + ((lane ^ (j & 3u)) * B_BLOCKS + (j >> 2u)) * 4u;
}

// Segments are functions so that a product of stored matrices has no loop over its only one: software adapters copy
// everything a loop carries, here each sum, on the way in, round and out.
alias QuadSums = array<array<vec4f, 4u * B_BLOCKS>, 4u * A_BLOCKS>;

// Adds what segment s contributes.
fn quad_segment(
  p: Params,
  acc: ptr<function, QuadSums>,
  row_totals: ptr<function, array<vec4f, A_BLOCKS>>,
  a_spots: array<Spot, A_BLOCKS>,
  b_spots: array<Spot, B_BLOCKS>,
  row: u32,
  col: u32,
  lane: u32,
  s: u32,
  z: u32,
) {
  let a_step = a_pace(p);
  let b_step = b_pace(p);
  let begin = first_k(p, z);
  let end = end_k(p, z);
  var a_at: array<Run, A_BLOCKS>;
  for (var i = 0u; i < A_BLOCKS; i++) { // unroll
    a_at[i] = a_run(p, a_spots[i], s, z);
    a_at[i].at += begin / 4u * a_step;
  }
  var b_at: array<Run, B_BLOCKS>;
  for (var j = 0u; j < B_BLOCKS; j++) { // unroll
    b_at[j] = b_run(p, b_spots[j], s, z);
    b_at[j].at += begin / 4u * b_step;
  }
  for (var k = begin; k < end; k += 4u) {
    var a: array<mat4x4f, A_BLOCKS>;
    for (var i = 0u; i < A_BLOCKS; i++) { // unroll
      a[i] = a_block(p, a_at[i], row + 4u * i, k);
      if (ROW_SUMS) {
        (*row_totals)[i] += vec4f(1.0) * a[i];
      }
      a_at[i].at += a_step;
    }
    for (var j = 0u; j < B_BLOCKS; j++) { // unroll
      let b = b_block(p, b_at[j], quad_col(col, lane, 4u * j), k);
      b_at[j].at += b_step;
      let bx = mat4x4f(quadSwapX(b[0]), quadSwapX(b[1]), quadSwapX(b[2]), quadSwapX(b[3]));
      let by = mat4x4f(quadSwapY(b[0]), quadSwapY(b[1]), quadSwapY(b[2]), quadSwapY(b[3]));
      let bd = mat4x4f(quadSwapDiagonal(b[0]), quadSwapDiagonal(b[1]), quadSwapDiagonal(b[2]), quadSwapDiagonal(b[3]));
      for (var i = 0u; i < A_BLOCKS; i++) { // unroll
        for (var r = 0u; r < 4u; r++) { // unroll
          (*acc)[4u * i + r][4u * j] += a[i][r] * b;
          (*acc)[4u * i + r][4u * j + 1u] += a[i][r] * bx;
          (*acc)[4u * i + r][4u * j + 2u] += a[i][r] * by;
          (*acc)[4u * i + r][4u * j + 3u] += a[i][r] * bd;
        }
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn quad(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let p = params;
  let index = group.x + group.y * 65535u;
  let tile = index * (WORKGROUP / 4u) + local / 4u;
  let lane = local % 4u;
  let tiles_n = (p.n + 16u * B_BLOCKS - 1u) / (16u * B_BLOCKS);
  let row = ((tile / tiles_n) * 4u + lane) * 4u * A_BLOCKS;
  let col = (tile % tiles_n) * 16u * B_BLOCKS;
  var acc: QuadSums;
  var row_totals: array<vec4f, A_BLOCKS>;
  for (var j = 0u; j < 4u * B_BLOCKS; j++) { // unroll
    let start = initial(p, quad_col(col, lane, j));
    for (var r = 0u; r < 4u * A_BLOCKS; r++) { // unroll
      acc[r][j] = start;
    }
  }
  var a_spots: array<Spot, A_BLOCKS>;
  for (var i = 0u; i < A_BLOCKS; i++) { // unroll
    a_spots[i] = a_spot(p, row + 4u * i, group.z);
  }
  var b_spots: array<Spot, B_BLOCKS>;
  for (var j = 0u; j < B_BLOCKS; j++) { // unroll
    b_spots[j] = b_spot(p, quad_col(col, lane, 4u * j));
  }
  if (GATHER == 0u) {
    quad_segment(p, &acc, &row_totals, a_spots, b_spots, row, col, lane, 0u, group.z);
  } else {
    let segments = end_segment(p, group.z);
    for (var s = first_segment(p, group.z); s < segments; s++) {
      quad_segment(p, &acc, &row_totals, a_spots, b_spots, row, col, lane, s, group.z);
    }
  }
  if (ROW_SUMS) {
    if (col == 0u) {
      for (var i = 0u; i < A_BLOCKS; i++) { // unroll
        keep_row_sums(p, row + 4u * i, row_totals[i], group.z);
      }
    }
  }
  // Looped, over a copy of the sums: written out for each of them, kernels take a third longer to compile.
  var result: array<vec4f, 16u * A_BLOCKS * B_BLOCKS>;
  for (var r = 0u; r < 4u * A_BLOCKS; r++) { // unroll
    for (var j = 0u; j < 4u * B_BLOCKS; j++) { // unroll
      result[r * 4u * B_BLOCKS + j] = acc[r][j];
    }
  }
  for (var r = 0u; r < 4u * A_BLOCKS; r++) {
    for (var j = 0u; j < 4u * B_BLOCKS; j++) {
      store(p, row + r, quad_col(col, lane, j), result[r * 4u * B_BLOCKS + j], group.z);
    }
  }
}

// ---- coop: rows of A are handed out by broadcast -------------------------------------------------------------------

alias CoopSums = array<array<vec4f, B_BLOCKS>, 4u * A_BLOCKS * LANES>;

fn coop_segment(
  p: Params,
  acc: ptr<function, CoopSums>,
  a_spots: array<Spot, A_BLOCKS>,
  b_spots: array<Spot, B_BLOCKS>,
  row: u32,
  col: u32,
  lane: u32,
  s: u32,
  z: u32,
) {
  let a_step = a_pace(p);
  let b_step = b_pace(p);
  let begin = first_k(p, z);
  let end = end_k(p, z);
  var a_at: array<Run, A_BLOCKS>;
  for (var i = 0u; i < A_BLOCKS; i++) { // unroll
    a_at[i] = a_run(p, a_spots[i], s, z);
    a_at[i].at += begin / 4u * a_step;
  }
  var b_at: array<Run, B_BLOCKS>;
  for (var j = 0u; j < B_BLOCKS; j++) { // unroll
    b_at[j] = b_run(p, b_spots[j], s, z);
    b_at[j].at += begin / 4u * b_step;
  }
  for (var k = begin; k < end; k += 4u) {
    var b: array<mat4x4f, B_BLOCKS>;
    for (var j = 0u; j < B_BLOCKS; j++) { // unroll
      b[j] = b_block(p, b_at[j], col + 4u * j, k);
      b_at[j].at += b_step;
    }
    for (var i = 0u; i < A_BLOCKS; i++) { // unroll
      let a = a_block(p, a_at[i], row + (lane * A_BLOCKS + i) * 4u, k);
      a_at[i].at += a_step;
      for (var giver = 0u; giver < LANES; giver++) { // unroll
        for (var r = 0u; r < 4u; r++) { // unroll
          var v = a[r];
          if (LANES > 1u) {
            v = subgroupBroadcast(a[r], giver);
          }
          for (var j = 0u; j < B_BLOCKS; j++) { // unroll
            (*acc)[(giver * A_BLOCKS + i) * 4u + r][j] += v * b[j];
          }
        }
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn coop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let p = params;
  let index = group.x + group.y * 65535u;
  if (ROW_SUMS) {
    if (index >= p.tile_groups) {
      sum_rows(p, (index - p.tile_groups) * WORKGROUP + local, group.z);
      return;
    }
  }
  let tile = index * (WORKGROUP / LANES) + local / LANES;
  let lane = local % LANES;
  let tiles_n = (p.n + 4u * LANES * B_BLOCKS - 1u) / (4u * LANES * B_BLOCKS);
  let row = (tile / tiles_n) * LANES * 4u * A_BLOCKS;
  let col = ((tile % tiles_n) * LANES + lane) * 4u * B_BLOCKS;
  var acc: CoopSums;
  for (var j = 0u; j < B_BLOCKS; j++) { // unroll
    let start = initial(p, col + 4u * j);
    for (var r = 0u; r < 4u * A_BLOCKS * LANES; r++) { // unroll
      acc[r][j] = start;
    }
  }
  var a_spots: array<Spot, A_BLOCKS>;
  for (var i = 0u; i < A_BLOCKS; i++) { // unroll
    a_spots[i] = a_spot(p, row + (lane * A_BLOCKS + i) * 4u, group.z);
  }
  var b_spots: array<Spot, B_BLOCKS>;
  for (var j = 0u; j < B_BLOCKS; j++) { // unroll
    b_spots[j] = b_spot(p, col + 4u * j);
  }
  if (GATHER == 0u) {
    coop_segment(p, &acc, a_spots, b_spots, row, col, lane, 0u, group.z);
  } else {
    let segments = end_segment(p, group.z);
    for (var s = first_segment(p, group.z); s < segments; s++) {
      coop_segment(p, &acc, a_spots, b_spots, row, col, lane, s, group.z);
    }
  }
  var result: array<vec4f, 4u * A_BLOCKS * LANES * B_BLOCKS>;
  for (var r = 0u; r < 4u * A_BLOCKS * LANES; r++) { // unroll
    for (var j = 0u; j < B_BLOCKS; j++) { // unroll
      result[r * B_BLOCKS + j] = acc[r][j];
    }
  }
  for (var r = 0u; r < 4u * A_BLOCKS * LANES; r++) {
    for (var j = 0u; j < B_BLOCKS; j++) {
      store(p, row + r, col + 4u * j, result[r * B_BLOCKS + j], group.z);
    }
  }
}

// ---- shared: tiles in workgroup memory, for GPUs ----------------------------------------------------------------------

// Both tiles hold 4x4 blocks: block (line / 4, k / 4) as four vec4s along k, 16 k of a slice. Each lane loads one block of A, of B or of
// both. Lanes that are served together would read vec4s that lie in the same banks of memory: so those of each eight are exchanged with
// each other, in another way for each block and each four k.
fn placed_a(i: u32) -> u32 {
  return i ^ ((i >> 3u) & 7u) ^ (i / TILE_M);
}

fn placed_b(i: u32) -> u32 {
  return i ^ ((i >> 3u) & 7u) ^ (i / TILE_N);
}

var<workgroup> a_tile: array<vec4f, 4u * TILE_M>;
var<workgroup> b_tile: array<vec4f, 4u * TILE_N>;
var<workgroup> a_tile_half: array<vec4h, 4u * TILE_M>;
var<workgroup> b_tile_half: array<vec4h, 4u * TILE_N>;

fn a_shared(i: u32) -> vec4f {
  if (HALF) {
    return vec4f(a_tile_half[placed_a(i)]);
  } else {
    return a_tile[placed_a(i)];
  }
}

fn b_shared(i: u32) -> vec4f {
  if (HALF) {
    return vec4f(b_tile_half[placed_b(i)]);
  } else {
    return b_tile[placed_b(i)];
  }
}

// A lane's block of a slice; zero past the end of k, where there may be anything.
fn a_slice(p: Params, run: Run, i: u32, k: u32, end: u32) -> mat4x4f {
  if (k >= end) {
    return mat4x4f();
  }
  return a_block(p, run, i, k);
}

fn b_slice(p: Params, run: Run, j: u32, k: u32, end: u32) -> mat4x4f {
  if (k >= end) {
    return mat4x4f();
  }
  return b_block(p, run, j, k);
}

@compute @workgroup_size(WORKGROUP)
fn shared_tiles(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let p = params;
  let tile = group.x + group.y * 65535u;
  if (ROW_SUMS) {
    if (tile >= p.tile_groups) {
      sum_rows(p, (tile - p.tile_groups) * WORKGROUP + local, group.z);
      return;
    }
  }
  let tiles_n = (p.n + TILE_N - 1u) / TILE_N;
  let row = (tile / tiles_n) * TILE_M;
  let col = (tile % tiles_n) * TILE_N;
  // Which blocks this lane loads, and where they lie.
  let loads_a = local < TILE_M;
  let loads_b = local / TILE_N == B_TURN;
  let a_line = (local % TILE_M / 4u) * 4u;
  let b_line = (local % TILE_N / 4u) * 4u;
  let deep = (local % 4u) * 4u;
  let a_to = deep / 4u * TILE_M + a_line;
  let b_to = deep / 4u * TILE_N + b_line;
  // The outputs this lane sums.
  let my_row = (local / (TILE_N / 4u / LANE_FOURS)) * LANE_ROWS;
  let my_col = (local % (TILE_N / 4u / LANE_FOURS)) * 4u * LANE_FOURS;
  var acc: array<array<vec4f, LANE_FOURS>, LANE_ROWS>;
  for (var j = 0u; j < LANE_FOURS; j++) { // unroll
    let start = initial(p, col + my_col + 4u * j);
    for (var r = 0u; r < LANE_ROWS; r++) { // unroll
      acc[r][j] = start;
    }
  }
  let a_spot_here = a_spot(p, row + a_line, group.z);
  let b_spot_here = b_spot(p, col + b_line);
  let begin = first_k(p, group.z);
  let end = end_k(p, group.z);
  let segments = end_segment(p, group.z);
  var a: mat4x4f;
  var b: mat4x4f;
  for (var s = first_segment(p, group.z); s < segments; s++) {
    var a_at = a_run(p, a_spot_here, s, group.z);
    var b_at = b_run(p, b_spot_here, s, group.z);
    a_at.at += (begin + deep) / 4u * a_pace(p);
    b_at.at += (begin + deep) / 4u * b_pace(p);
    if (loads_a) {
      a = a_slice(p, a_at, row + a_line, begin + deep, end);
    }
    if (loads_b) {
      b = b_slice(p, b_at, col + b_line, begin + deep, end);
    }
    for (var k = begin; k < end; k += 16u) {
      workgroupBarrier();
      for (var r = 0u; r < 4u; r++) { // unroll
        if (HALF) {
          if (loads_a) {
            a_tile_half[placed_a(a_to + r)] = vec4h(a[r]);
          }
          if (loads_b) {
            b_tile_half[placed_b(b_to + r)] = vec4h(b[r]);
          }
        } else {
          if (loads_a) {
            a_tile[placed_a(a_to + r)] = a[r];
          }
          if (loads_b) {
            b_tile[placed_b(b_to + r)] = b[r];
          }
        }
      }
      workgroupBarrier();
      // The next slice is on its way while this one is summed.
      a_at.at += 4u * a_pace(p);
      b_at.at += 4u * b_pace(p);
      if (loads_a) {
        a = a_slice(p, a_at, row + a_line, k + 16u + deep, end);
      }
      if (loads_b) {
        b = b_slice(p, b_at, col + b_line, k + 16u + deep, end);
      }
      for (var d = 0u; d < 4u; d++) {
        var blocks: array<mat4x4f, LANE_FOURS>;
        for (var j = 0u; j < LANE_FOURS; j++) { // unroll
          let at = d * TILE_N + my_col + 4u * j;
          blocks[j] = mat4x4f(b_shared(at), b_shared(at + 1u), b_shared(at + 2u), b_shared(at + 3u));
        }
        for (var r = 0u; r < LANE_ROWS; r++) { // unroll
          let line = a_shared(d * TILE_M + my_row + r);
          for (var j = 0u; j < LANE_FOURS; j++) { // unroll
            acc[r][j] += line * blocks[j];
          }
        }
      }
    }
  }
  for (var r = 0u; r < LANE_ROWS; r++) { // unroll
    for (var j = 0u; j < LANE_FOURS; j++) { // unroll
      store(p, row + my_row + r, col + my_col + 4u * j, acc[r][j], group.z);
    }
  }
}

// ---- epilogue alone ------------------------------------------------------------------------------------------------------

@compute @workgroup_size(64)
fn epilogue(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let fours = (p.n + 3u) / 4u;
  let row = min(i / fours, p.m - 1u);
  let col = (i % fours) * 4u;
  if (i < p.m * fours) {
    let at = (p.a_offset + row * p.lda + col) / select(1u, 4u, A_VEC);
    store(p, row, col, a_four(at, p.n - 1u - col), 0u);
  }
}
