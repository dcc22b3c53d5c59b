// Layer scale: each column of a residual branch has a factor of its own, which is learned.
//
//   scale_columns   out[r, c] = x[r, c] gamma[c] + other[r, c]
//   factor_sums     dgamma[part, c] = sum of g[r, c] x[r, c] over the `part_rows` rows of a part
//
// Layout. x and g [rows, cols], rows any distance apart; results dense. With ADD, `other` (a row for each add_every-th row) is
// added: forward the residual, backward what is there already.
// Source: Touvron, Cord, Sablayrolles, Synnaeve, Jegou, "Going deeper with image transformers", 2021, eq. 4.
const ADD = false;

struct Params {
  rows: u32,
  cols: u32,
  x_offset: u32,
  x_stride: u32,
  g_offset: u32,
  g_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  part_rows: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(64)
fn scale_columns(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let c = i % p.cols;
  var v = x[p.x_offset + row * p.x_stride + c] * gamma[c];
  if (ADD) {
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + c];
    }
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn factor_sums(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let first = (i / p.cols) * p.part_rows;
  if (first >= p.rows) {
    return;
  }
  let c = i % p.cols;
  var sum = 0.0;
  for (var row = first; row < min(first + p.part_rows, p.rows); row++) {
    sum += g[p.g_offset + row * p.g_stride + c] * x[p.x_offset + row * p.x_stride + c];
  }
  out[i] = sum;
}
