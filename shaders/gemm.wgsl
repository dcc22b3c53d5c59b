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
//   epilogue      no product: applies the epilogue to a matrix that is there already, C = act(A + bias)...
// The k range may be split over workgroups (PARTS along z): part p writes its own copy of C, summed by whoever reads it.
enable subgroups;
enable f16;

const A_T = false;
const B_T = true;
const A_VEC = true;
const B_VEC = true;
const C_VEC = true;
const K_TAIL = false; // k_size is not a multiple of 4
const A_BLOCKS = 2u; // 4-row blocks of A per lane
const B_BLOCKS = 1u; // 4-column blocks of B per lane
const LANES = 8u; // coop: lanes that share rows of A, at most the subgroup size
const WORKGROUP = 32u;
const HALF = false; // shared: keep the tiles in f16 (accumulation stays f32)

const BIAS = false;
const SAVE = false; // also write A·B + bias before the activation
const ACTIVATION = 0u; // 0 none, 1 exact GELU, 2 ReLU
const ACTIVATION_GRADIENT = 0u; // multiply by the derivative of the activation at `saved` (same codes)
const ADD = false; // add `other`, a matrix with a row for each add_every-th row of C
const ROW_SUMS = false; // also write sum_k A[i,k] (bias gradient), one value per row and part

struct Params {
  m: u32,
  n: u32,
  k_size: u32,
  k_part: u32, // k range of one part, a multiple of 4
  a_offset: u32, // offsets and row distances in floats
  lda: u32,
  b_offset: u32,
  ldb: u32,
  c_offset: u32,
  ldc: u32,
  add_offset: u32,
  ld_add: u32,
  add_every: u32,
  saved_offset: u32,
  ld_saved: u32,
  bias_offset: u32,
}

@group(0) @binding(0) var<storage, read> a4: array<vec4f>;
@group(0) @binding(0) var<storage, read> a1: array<f32>;
@group(0) @binding(1) var<storage, read> b4: array<vec4f>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> c4: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c1: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> other: array<f32>;
@group(0) @binding(5) var<storage, read_write> save: array<f32>;
@group(0) @binding(6) var<storage, read> saved: array<f32>;
@group(0) @binding(7) var<storage, read_write> row_sums: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

// ---- loads ---------------------------------------------------------------------------------------------------------

// Four neighbours of a stored row. Past the end of a row or column the last element repeats: such lanes store nothing.
fn a_four(row: u32, col: u32, rows: u32, cols: u32) -> vec4f {
  let start = p.a_offset + min(row, rows - 1u) * p.lda;
  if (A_VEC) {
    return a4[(start + min(col, cols - 4u)) >> 2u];
  } else {
    let c = start + min(col, cols - 1u);
    let end = start + cols - 1u;
    return vec4f(a1[c], a1[min(c + 1u, end)], a1[min(c + 2u, end)], a1[min(c + 3u, end)]);
  }
}

fn b_four(row: u32, col: u32, rows: u32, cols: u32) -> vec4f {
  let start = p.b_offset + min(row, rows - 1u) * p.ldb;
  if (B_VEC) {
    return b4[(start + min(col, cols - 4u)) >> 2u];
  } else {
    let c = start + min(col, cols - 1u);
    let end = start + cols - 1u;
    return vec4f(b1[c], b1[min(c + 1u, end)], b1[min(c + 2u, end)], b1[min(c + 3u, end)]);
  }
}

// Rows i..i+3 of A, each a vec4 along k. A k past the end counts as zero (in A alone: that is enough for the product).
fn a_block(i: u32, k: u32) -> mat4x4f {
  if (A_T) {
    let t = mat4x4f(
      a_four(k, i, p.k_size, p.m), a_four(k + 1u, i, p.k_size, p.m),
      a_four(k + 2u, i, p.k_size, p.m), a_four(k + 3u, i, p.k_size, p.m));
    return ended(transpose(t), k);
  } else {
    let t = mat4x4f(
      a_four(i, k, p.m, p.k_size), a_four(i + 1u, k, p.m, p.k_size),
      a_four(i + 2u, k, p.m, p.k_size), a_four(i + 3u, k, p.m, p.k_size));
    return ended(t, k);
  }
}

// Columns j..j+3 of B, each a vec4 along k.
fn b_block(j: u32, k: u32) -> mat4x4f {
  if (B_T) {
    return mat4x4f(
      b_four(j, k, p.n, p.k_size), b_four(j + 1u, k, p.n, p.k_size),
      b_four(j + 2u, k, p.n, p.k_size), b_four(j + 3u, k, p.n, p.k_size));
  } else {
    return transpose(mat4x4f(
      b_four(k, j, p.k_size, p.n), b_four(k + 1u, j, p.k_size, p.n),
      b_four(k + 2u, j, p.k_size, p.n), b_four(k + 3u, j, p.k_size, p.n)));
  }
}

fn ended(t: mat4x4f, k: u32) -> mat4x4f {
  if (K_TAIL) {
    let live = vec4f(vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(p.k_size));
    return mat4x4f(t[0] * live, t[1] * live, t[2] * live, t[3] * live);
  } else {
    return t;
  }
}

// ---- epilogue ------------------------------------------------------------------------------------------------------

const SQRT_HALF = 0.7071067811865476;

// erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7.
fn erf(x: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return sign(x) * (1.0 - series * exp(-x * x));
}

fn activate(x: f32) -> f32 {
  if (ACTIVATION == 1u) {
    return 0.5 * x * (1.0 + erf(x * SQRT_HALF));
  } else {
    return max(x, 0.0);
  }
}

fn activation_slope(x: f32) -> f32 {
  if (ACTIVATION_GRADIENT == 1u) {
    return 0.5 * (1.0 + erf(x * SQRT_HALF)) + x * 0.3989422804014327 * exp(-0.5 * x * x);
  } else {
    return select(0.0, 1.0, x > 0.0);
  }
}

fn finish(row: u32, col: u32, sum: f32) -> f32 {
  var v = sum;
  if (BIAS) {
    v += bias[p.bias_offset + col];
  }
  if (SAVE) {
    save[row * p.n + col] = v;
  }
  if (ACTIVATION != 0u) {
    v = activate(v);
  }
  if (ACTIVATION_GRADIENT != 0u) {
    v *= activation_slope(saved[p.saved_offset + row * p.ld_saved + col]);
  }
  if (ADD) {
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.ld_add + col];
    }
  }
  return v;
}

// Accumulators are copied before they are stored: the copy may then be indexed by a loop, so that the epilogue is compiled
// once, while the accumulators stay in registers.

// Stores four neighbours of row `row`, from column `col` on.
fn store(row: u32, col: u32, sum: vec4f, part: u32) {
  let at = p.c_offset + part * p.m * p.n + row * p.ldc + col;
  if (row < p.m) {
    if (C_VEC) {
      if (col < p.n) {
        c4[at >> 2u] = vec4f(
          finish(row, col, sum.x), finish(row, col + 1u, sum.y),
          finish(row, col + 2u, sum.z), finish(row, col + 3u, sum.w));
      }
    } else {
      for (var e = 0u; e < 4u; e++) { // unroll
        if (col + e < p.n) {
          c1[at + e] = finish(row, col + e, sum[e]);
        }
      }
    }
  }
}

fn store_row_sum(row: u32, col: u32, sum: f32, part: u32) {
  if (col == 0u && row < p.m) {
    row_sums[part * p.m + row] = sum;
  }
}

// ---- quad: B blocks travel round four lanes ------------------------------------------------------------------------

@compute @workgroup_size(WORKGROUP)
fn quad(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.x + group.y * 65535u) * (WORKGROUP / 4u) + local / 4u;
  let lane = local % 4u;
  let tiles_n = (p.n + 16u * B_BLOCKS - 1u) / (16u * B_BLOCKS);
  let row = ((tile / tiles_n) * 4u + lane) * 4u * A_BLOCKS;
  let col = (tile % tiles_n) * 16u * B_BLOCKS;
  var acc: array<array<vec4f, 4u * B_BLOCKS>, 4u * A_BLOCKS>;
  var sums: array<f32, 4u * A_BLOCKS>;
  let end = min(p.k_size, (group.z + 1u) * p.k_part);
  for (var k = group.z * p.k_part; k < end; k += 4u) {
    var a: array<mat4x4f, A_BLOCKS>;
    for (var i = 0u; i < A_BLOCKS; i++) { // unroll
      a[i] = a_block(row + 4u * i, k);
    }
    for (var j = 0u; j < B_BLOCKS; j++) { // unroll
      let b = b_block(col + (lane * B_BLOCKS + j) * 4u, k);
      let bx = mat4x4f(quadSwapX(b[0]), quadSwapX(b[1]), quadSwapX(b[2]), quadSwapX(b[3]));
      let by = mat4x4f(quadSwapY(b[0]), quadSwapY(b[1]), quadSwapY(b[2]), quadSwapY(b[3]));
      let bd = mat4x4f(quadSwapDiagonal(b[0]), quadSwapDiagonal(b[1]), quadSwapDiagonal(b[2]), quadSwapDiagonal(b[3]));
      for (var i = 0u; i < A_BLOCKS; i++) { // unroll
        for (var r = 0u; r < 4u; r++) { // unroll
          acc[4u * i + r][4u * j] += a[i][r] * b;
          acc[4u * i + r][4u * j + 1u] += a[i][r] * bx;
          acc[4u * i + r][4u * j + 2u] += a[i][r] * by;
          acc[4u * i + r][4u * j + 3u] += a[i][r] * bd;
        }
      }
    }
    if (ROW_SUMS) {
      if (col == 0u) {
        for (var i = 0u; i < A_BLOCKS; i++) { // unroll
          for (var r = 0u; r < 4u; r++) { // unroll
            sums[4u * i + r] += dot(a[i][r], vec4f(1.0));
          }
        }
      }
    }
  }
  var result: array<vec4f, 16u * A_BLOCKS * B_BLOCKS>;
  for (var r = 0u; r < 4u * A_BLOCKS; r++) { // unroll
    for (var j = 0u; j < 4u * B_BLOCKS; j++) { // unroll
      result[r * 4u * B_BLOCKS + j] = acc[r][j];
    }
    if (ROW_SUMS) {
      store_row_sum(row + r, col, sums[r], group.z);
    }
  }
  for (var r = 0u; r < 4u * A_BLOCKS; r++) {
    for (var j = 0u; j < 4u * B_BLOCKS; j++) {
      store(row + r, col + ((lane ^ (j % 4u)) * B_BLOCKS + j / 4u) * 4u, result[r * 4u * B_BLOCKS + j], group.z);
    }
  }
}

// ---- coop: rows of A are handed out by broadcast -------------------------------------------------------------------

@compute @workgroup_size(WORKGROUP)
fn coop(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = (group.x + group.y * 65535u) * (WORKGROUP / LANES) + local / LANES;
  let lane = local % LANES;
  let tiles_n = (p.n + 4u * LANES * B_BLOCKS - 1u) / (4u * LANES * B_BLOCKS);
  let row = (tile / tiles_n) * LANES * 4u * A_BLOCKS;
  let col = ((tile % tiles_n) * LANES + lane) * 4u * B_BLOCKS;
  var acc: array<array<vec4f, B_BLOCKS>, 4u * A_BLOCKS * LANES>;
  var sums: array<f32, 4u * A_BLOCKS>;
  let end = min(p.k_size, (group.z + 1u) * p.k_part);
  for (var k = group.z * p.k_part; k < end; k += 4u) {
    var b: array<mat4x4f, B_BLOCKS>;
    for (var j = 0u; j < B_BLOCKS; j++) { // unroll
      b[j] = b_block(col + 4u * j, k);
    }
    for (var i = 0u; i < A_BLOCKS; i++) { // unroll
      let a = a_block(row + (lane * A_BLOCKS + i) * 4u, k);
      for (var s = 0u; s < LANES; s++) { // unroll
        for (var r = 0u; r < 4u; r++) { // unroll
          var v = a[r];
          if (LANES > 1u) {
            v = subgroupBroadcast(a[r], s);
          }
          for (var j = 0u; j < B_BLOCKS; j++) { // unroll
            acc[(s * A_BLOCKS + i) * 4u + r][j] += v * b[j];
          }
        }
      }
      if (ROW_SUMS) {
        if (col == lane * 4u * B_BLOCKS) {
          for (var r = 0u; r < 4u; r++) { // unroll
            sums[4u * i + r] += dot(a[r], vec4f(1.0));
          }
        }
      }
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
      store(row + r, col + 4u * j, result[r * B_BLOCKS + j], group.z);
    }
  }
  if (ROW_SUMS) {
    for (var r = 0u; r < 4u * A_BLOCKS; r++) { // unroll
      store_row_sum(row + lane * 4u * A_BLOCKS + r, col - lane * 4u * B_BLOCKS, sums[r], group.z);
    }
  }
}

// ---- shared: 64x64 tiles in workgroup memory, for GPUs ----------------------------------------------------------------

// Both tiles hold 4x4 blocks: block (line / 4, k / 4) as four vec4s along k. 64 lanes, each loads one block of A and of B.
var<workgroup> a_tile: array<vec4f, 256>;
var<workgroup> b_tile: array<vec4f, 256>;
var<workgroup> a_tile_half: array<vec4h, 256>;
var<workgroup> b_tile_half: array<vec4h, 256>;

fn a_shared(i: u32) -> vec4f {
  if (HALF) {
    return vec4f(a_tile_half[i]);
  } else {
    return a_tile[i];
  }
}

fn b_shared(i: u32) -> vec4f {
  if (HALF) {
    return vec4f(b_tile_half[i]);
  } else {
    return b_tile[i];
  }
}

@compute @workgroup_size(64)
fn shared_tiles(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let tile = group.x + group.y * 65535u;
  let tiles_n = (p.n + 63u) / 64u;
  let row = (tile / tiles_n) * 64u;
  let col = (tile % tiles_n) * 64u;
  let line = (local / 4u) * 4u; // of the block this lane loads
  let deep = (local % 4u) * 4u;
  let my_row = (local / 8u) * 8u; // of the 8x8 outputs this lane sums
  let my_col = (local % 8u) * 8u;
  var acc: array<array<vec4f, 2u>, 8u>;
  var sums: array<f32, 8u>;
  let end = min(p.k_size, (group.z + 1u) * p.k_part);
  for (var k = group.z * p.k_part; k < end; k += 16u) {
    var a = a_block(row + line, k + deep);
    let b = b_block(col + line, k + deep);
    if (k + deep >= end) {
      a = mat4x4f();
    }
    workgroupBarrier();
    for (var r = 0u; r < 4u; r++) { // unroll
      if (HALF) {
        a_tile_half[deep * 16u + line + r] = vec4h(a[r]);
        b_tile_half[deep * 16u + line + r] = vec4h(b[r]);
      } else {
        a_tile[deep * 16u + line + r] = a[r];
        b_tile[deep * 16u + line + r] = b[r];
      }
    }
    workgroupBarrier();
    for (var d = 0u; d < 256u; d += 64u) {
      for (var j = 0u; j < 2u; j++) { // unroll
        let at = d + my_col + 4u * j;
        let block = mat4x4f(b_shared(at), b_shared(at + 1u), b_shared(at + 2u), b_shared(at + 3u));
        for (var r = 0u; r < 8u; r++) { // unroll
          acc[r][j] += a_shared(d + my_row + r) * block;
        }
      }
      if (ROW_SUMS) {
        for (var r = 0u; r < 8u; r++) { // unroll
          sums[r] += dot(a_shared(d + my_row + r), vec4f(1.0));
        }
      }
    }
  }
  for (var r = 0u; r < 8u; r++) { // unroll
    store(row + my_row + r, col + my_col, acc[r][0u], group.z);
    store(row + my_row + r, col + my_col + 4u, acc[r][1u], group.z);
    if (ROW_SUMS) {
      store_row_sum(row + my_row + r, col + my_col, sums[r], group.z);
    }
  }
}

// ---- epilogue alone ------------------------------------------------------------------------------------------------------

@compute @workgroup_size(64)
fn epilogue(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.m * p.n) {
    let row = i / p.n;
    let col = i % p.n;
    c1[p.c_offset + row * p.ldc + col] = finish(row, col, a1[p.a_offset + row * p.lda + col]);
  }
}
