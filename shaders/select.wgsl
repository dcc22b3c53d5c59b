// Choosing rows by score: ranks, the gather of the chosen rows and its gradient.
//
//   topk             rank_n = #{j : s_j > s_n or (s_j = s_n and j < n)};  out[b, rank_n] = n where rank_n < k
//   promote          out[b, n] = rows - rank_n + 1 where rank_n < k, else draws[b, n] in [0, 1): ranked again, the k highest
//                    come first, in their order, and then all others in that of their draws
//   hide             out[b, n] = 0 where rank_n < round(share rows), else 1
//   gather           out[b, j, :] = x[b, index[b, j], :]
//   gather_gradient  dx[b, n, :] = sum over j with index[b, j] = n of g[b, j, :]
//
// Layout. Scores are [batch, rows], index is [batch, k], x is [batch, rows, cols]. With KEEP, row 0 of each image (the
// class token) comes along: x has 1 + rows rows, out has 1 + k, and index counts from the row after it.
// Tricks. Ranks are counted, not sorted: every lane owns one score, and as ranks are a permutation every slot of out is
// written exactly once, without atomics. Scores are bound as bit patterns and compared as integers that order like the
// floats: WGSL lets a compiler assume that there is no NaN or infinity, on integers it cannot. The gradient of a gather
// would be a scatter with float atomics, which WGSL lacks; instead each lane looks up who chose its row, for SLAB columns
// at once, so that the look-up is paid once per SLAB.
const KEEP = false;
const ADD = false;
const SLAB = 32u;

struct Params {
  batch: u32,
  rows: u32,
  k: u32,
  cols: u32,
  x_offset: u32, // of the scores, of x, or of g in gather_gradient
  x_stride: u32,
  index_offset: u32,
  index_stride: u32,
  flip: u32, // sign bit where the lowest score ranks first, else 0
  share: f32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> scores: array<u32>;
@group(0) @binding(1) var<storage, read_write> chosen: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read> index: array<u32>;
@group(0) @binding(4) var<storage, read> other: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

const SIGN = 0x80000000u;
const INFINITY = 0x7f800000u;

// An integer that orders like the float of these bits (negated when flip is set): NaN as minus infinity, -0 as +0.
fn key(bits: u32) -> u32 {
  let magnitude = bits & ~SIGN;
  var v = bits ^ p.flip;
  if (magnitude > INFINITY) {
    v = SIGN | INFINITY;
  }
  if (magnitude == 0u) {
    v = 0u;
  }
  return select(v | SIGN, ~v, v >= SIGN);
}

fn rank_of(b: u32, n: u32) -> u32 {
  let start = p.x_offset + b * p.x_stride;
  let mine = key(scores[start + n]);
  var rank = 0u;
  for (var j = 0u; j < p.rows; j++) {
    let theirs = key(scores[start + j]);
    rank += select(0u, 1u, theirs > mine || (theirs == mine && j < n));
  }
  return rank;
}

@compute @workgroup_size(64)
fn topk(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.rows) {
    return;
  }
  let b = i / p.rows;
  let rank = rank_of(b, i % p.rows);
  if (rank < p.k) {
    chosen[b * p.k + rank] = i % p.rows;
  }
}

// Binding source holds the draws here.
@compute @workgroup_size(64)
fn promote(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.rows) {
    return;
  }
  let rank = rank_of(i / p.rows, i % p.rows);
  out[i] = select(source[i], f32(1u + p.rows - rank), rank < p.k);
}

@compute @workgroup_size(64)
fn hide(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.rows) {
    return;
  }
  let hidden = u32(floor(p.share * f32(p.rows) + 0.5));
  out[i] = select(1.0, 0.0, rank_of(i / p.rows, i % p.rows) < hidden);
}

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let first = select(0u, 1u, KEEP);
  let kept = first + p.k;
  if (i >= p.batch * kept * p.cols) {
    return;
  }
  let col = i % p.cols;
  let b = i / p.cols / kept;
  let j = (i / p.cols) % kept;
  var n = 0u;
  if (j >= first) {
    n = first + index[p.index_offset + b * p.index_stride + j - first];
  }
  out[i] = source[p.x_offset + (b * (first + p.rows) + n) * p.x_stride + col];
}

// Binding source holds the gradient of the gathered rows here.
@compute @workgroup_size(64)
fn gather_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let first = select(0u, 1u, KEEP);
  let slabs = (p.cols + SLAB - 1u) / SLAB;
  let row = i / slabs;
  if (row >= p.batch * (first + p.rows)) {
    return;
  }
  let col = (i % slabs) * SLAB;
  let end = min(col + SLAB, p.cols);
  let b = row / (first + p.rows);
  let n = row % (first + p.rows);
  for (var c = col; c < end; c++) {
    var v = 0.0;
    if (ADD) {
      if (row % p.add_every == 0u) {
        v = other[p.add_offset + (row / p.add_every) * p.add_stride + c];
      }
    }
    out[row * p.cols + c] = v;
  }
  for (var j = 0u; j < first + p.k; j++) {
    var row_of_j = 0u;
    if (j >= first) {
      row_of_j = first + index[p.index_offset + b * p.index_stride + j - first];
    }
    if (row_of_j == n) {
      let g = p.x_offset + (b * (first + p.k) + j) * p.x_stride;
      for (var c = col; c < end; c++) {
        out[row * p.cols + c] += source[g + c];
      }
    }
  }
}
