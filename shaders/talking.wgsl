// Attention whose matrix is stored, because its heads talk to each other: products over the parts of each head, heads last.
//
//   pairs   out[b, i, j, h] = scale sum over e of left[b, i, h, e] right[b, j, h, e]
//   sums    out[b, i, h, e] = scale sum over j of weights[b, i, j, h] right[b, j, h, e]
//           TURNED: out[b, j, h, e] = scale sum over i of weights[b, i, j, h] right[b, i, h, e]
//   swap    out[p, y, x] = left[p, x, y]
//
// Each is the gradient of another. Layout. left [batch * n, heads * head] and right [batch * m, heads * head], rows any distance
// apart; weights [batch * n, m, heads] and results without gaps. For swap, left is [batch, n, m]. With ADD, `other` is added.
// Source: Touvron et al., "Going deeper with image transformers", 2021; talking heads after Shazeer et al. 2020.
//
// Trick. A lane computes a tile of ROWS x COLS results, so that what it loads of either factor serves a whole side of the tile. Rows
// beyond the last are computed as the last and not written.
const ADD = false;
const TURNED = false;
const ROWS = 4u;
const COLS = 4u; // for sums, of one head; for pairs, of `right`'s rows
const TILE = 16u; // ROWS COLS

struct Params {
  batch: u32,
  n: u32,
  m: u32,
  heads: u32,
  head: u32, // floats per head
  scale: f32,
  left_offset: u32,
  left_stride: u32,
  right_offset: u32,
  right_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  cols: u32, // of the result
}

@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

fn write(i: u32, value: f32) {
  var v = value;
  if (ADD) {
    let row = i / p.cols;
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn pairs(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * 65535u * 64u;
  let across = (p.m + COLS - 1u) / COLS;
  let down = (p.n + ROWS - 1u) / ROWS;
  if (at >= p.batch * down * across * p.heads) {
    return;
  }
  let h = at % p.heads;
  let j = at / p.heads % across * COLS;
  let i = at / p.heads / across % down * ROWS;
  let image = at / p.heads / across / down;
  let a = p.left_offset + h * p.head;
  let b = p.right_offset + h * p.head;
  var acc: array<f32, TILE>;
  for (var e = 0u; e < p.head; e++) {
    var column: array<f32, COLS>;
    for (var c = 0u; c < COLS; c++) { // unroll
      column[c] = right[b + (image * p.m + min(j + c, p.m - 1u)) * p.right_stride + e];
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let value = left[a + (image * p.n + min(i + r, p.n - 1u)) * p.left_stride + e];
      for (var c = 0u; c < COLS; c++) { // unroll
        acc[r * COLS + c] += value * column[c];
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    for (var c = 0u; c < COLS; c++) { // unroll
      if (i + r < p.n && j + c < p.m) {
        write(((image * p.n + i + r) * p.m + j + c) * p.heads + h, acc[r * COLS + c] * p.scale);
      }
    }
  }
}

@compute @workgroup_size(64)
fn sums(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * 65535u * 64u;
  var rows = p.n;
  var count = p.m;
  var pace = vec2u(p.m * p.heads, p.heads); // from row to row of the result, and from summand to summand
  if (TURNED) {
    rows = p.m;
    count = p.n;
    pace = pace.yx;
  }
  let inner = p.heads * p.head;
  let across = inner / COLS;
  let down = (rows + ROWS - 1u) / ROWS;
  if (at >= p.batch * down * across) {
    return;
  }
  let c0 = at % across * COLS;
  let y = at / across % down * ROWS;
  let image = at / across / down;
  let first = image * p.n * p.m * p.heads + c0 / p.head;
  var acc: array<f32, TILE>;
  for (var x = 0u; x < count; x++) {
    let start = p.right_offset + (image * count + x) * p.right_stride + c0;
    var values: array<f32, COLS>;
    for (var c = 0u; c < COLS; c++) { // unroll
      values[c] = right[start + c];
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let w = weights[first + min(y + r, rows - 1u) * pace.x + x * pace.y];
      for (var c = 0u; c < COLS; c++) { // unroll
        acc[r * COLS + c] += w * values[c];
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    for (var c = 0u; c < COLS; c++) { // unroll
      if (y + r < rows) {
        write((image * rows + y + r) * inner + c0 + c, acc[r * COLS + c] * p.scale);
      }
    }
  }
}

@compute @workgroup_size(64)
fn swap(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.n * p.m) {
    return;
  }
  let plane = i / (p.n * p.m);
  let y = (i / p.n) % p.m;
  let x = i % p.n;
  write(i, left[(plane * p.n + x) * p.m + y]);
}
