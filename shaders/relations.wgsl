// What base losses compare between two networks: how alike rows are, and whom the class token attends to.
//
//   lengths           l[r] = max(||x_r||, TINY)
//   unit_rows         y = x / l;                 unit_rows_gradient  dx = (g - y (y . g)) / l
//   gram              d[g, i, j] = t_i . t_j - s_i . s_j over the rows of group g;  out = factor d^2
//   gram_gradient     ds_i = -4 weight factor sum_j d[g, i, j] s_j
//   attention_logits  u[b, h, j] = scale / temperature q_bh . k_jh, over all heads at once or for each: q is the class token's
//                     query, k the keys of the class token and the patches (with KEPT, of those that are kept)
//   attention_logits_gradient  dq_bh = scale / temperature sum_j g[b, h, j] k_jh, dk_jh likewise of g[b, h, j] q_bh, 0 elsewhere
//
// Layout. Rows lie `stride` apart. A group's rows follow each other, or with ACROSS lie `groups` apart. Gradients are dense;
// with ADD, `other` (a row for each add_every-th row) is added. One lane owns one element of its output.
// Why over all heads: heads aggregated as softmax(sum_h log a_h / T) need only sum_h q_h . k_h, since the logarithm of each
// head's denominator is the same for all keys.
const ADD = false;
const ACROSS = false;
const KEPT = false;

struct Params {
  rows: u32,
  cols: u32,
  x_offset: u32,
  x_stride: u32,
  t_cols: u32,
  groups: u32,
  items: u32,
  out_offset: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  factor: f32,
  weight: f32,
}

struct AttentionParams {
  batch: u32,
  tokens: u32, // keys per image
  shown: u32, // columns of u
  heads: u32, // rows of u per image: 1 = all heads at once
  width: u32, // columns of queries and keys that a row of u is about
  q_offset: u32,
  q_stride: u32, // from image to image
  k_offset: u32,
  k_stride: u32, // from token to token
  u_offset: u32,
  rows: u32, // of the gradient
  cols: u32,
  q_every: u32, // rows per query of the gradient, its columns from q_from; 0 = no queries there
  q_from: u32,
  k_from: u32, // first column of keys in the gradient; cols = no keys there
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  scale: f32,
  temperature: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> t: array<f32>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read> other: array<f32>;
@group(0) @binding(5) var<storage, read> kept: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> differences: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
@group(0) @binding(9) var<uniform> a: AttentionParams;

const TINY = 1.0e-12;

@compute @workgroup_size(64)
fn lengths(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.rows) {
    return;
  }
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    let v = x[p.x_offset + row * p.x_stride + c];
    sum += v * v;
  }
  out[row] = max(sqrt(sum), TINY);
}

@compute @workgroup_size(64)
fn unit_rows(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * p.cols) {
    out[i] = x[p.x_offset + (i / p.cols) * p.x_stride + i % p.cols] / scales[i / p.cols];
  }
}

// Binding x holds the unit rows here.
@compute @workgroup_size(64)
fn unit_rows_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  var along = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    along += x[row * p.cols + c] * g[row * p.cols + c];
  }
  out[i] = (g[i] - along * x[i]) / scales[row] + earlier(row, i % p.cols, p.add_offset, p.add_stride, p.add_every);
}

fn row_of(group: u32, item: u32) -> u32 {
  if (ACROSS) {
    return item * p.groups + group;
  } else {
    return group * p.items + item;
  }
}

@compute @workgroup_size(64)
fn gram(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.groups * p.items * p.items) {
    return;
  }
  let group = i / (p.items * p.items);
  let one = row_of(group, (i / p.items) % p.items);
  let two = row_of(group, i % p.items);
  var d = 0.0;
  for (var c = 0u; c < p.t_cols; c++) {
    d += t[one * p.t_cols + c] * t[two * p.t_cols + c];
  }
  for (var c = 0u; c < p.cols; c++) {
    d -= x[one * p.cols + c] * x[two * p.cols + c];
  }
  differences[i] = d;
  out[p.out_offset + i] = p.factor * d * d;
}

// Binding g holds the differences here.
@compute @workgroup_size(64)
fn gram_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.groups * p.items * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  var group = row / p.items;
  var item = row % p.items;
  if (ACROSS) {
    group = row % p.groups;
    item = row / p.groups;
  }
  var sum = 0.0;
  for (var j = 0u; j < p.items; j++) {
    sum += g[(group * p.items + item) * p.items + j] * x[row_of(group, j) * p.cols + col];
  }
  out[i] = -4.0 * p.weight * p.factor * sum + earlier(row, col, p.add_offset, p.add_stride, p.add_every);
}

// Bindings x and t hold the matrices of queries and keys here and below.
@compute @workgroup_size(64)
fn attention_logits(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= a.batch * a.heads * a.shown) {
    return;
  }
  let image = i / a.shown / a.heads;
  let head = (i / a.shown) % a.heads;
  let key = a.k_offset + (image * a.tokens + token_of(image, i % a.shown)) * a.k_stride + head * a.width;
  let query = a.q_offset + image * a.q_stride + head * a.width;
  var sum = 0.0;
  for (var c = 0u; c < a.width; c++) {
    sum += x[query + c] * t[key + c];
  }
  out[a.u_offset + i] = a.scale / a.temperature * sum;
}

fn token_of(image: u32, column: u32) -> u32 {
  var token = column;
  if (KEPT) {
    if (column > 0u) {
      token = 1u + kept[image * (a.shown - 1u) + column - 1u];
    }
  }
  return token;
}

@compute @workgroup_size(64)
fn attention_logits_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= a.rows * a.cols) {
    return;
  }
  let row = i / a.cols;
  let col = i % a.cols;
  let columns = a.heads * a.width;
  var sum = 0.0;
  if (a.q_every > 0u && col >= a.q_from && col < a.q_from + columns && row % max(a.q_every, 1u) == 0u) {
    let image = row / a.q_every;
    let u_row = u_at(image, col - a.q_from);
    for (var j = 0u; j < a.shown; j++) {
      let key = a.k_offset + (image * a.tokens + token_of(image, j)) * a.k_stride;
      sum += g[u_row + j] * t[key + col - a.q_from];
    }
  }
  if (col >= a.k_from && col < a.k_from + columns) {
    let image = row / a.tokens;
    let u_row = u_at(image, col - a.k_from);
    for (var j = 0u; j < a.shown; j++) {
      if (token_of(image, j) == row % a.tokens) {
        sum += g[u_row + j] * x[a.q_offset + image * a.q_stride + col - a.k_from];
      }
    }
  }
  out[i] = a.scale / a.temperature * sum + earlier(row, col, a.add_offset, a.add_stride, a.add_every);
}

// Start of the row of u that a column of queries or keys is part of.
fn u_at(image: u32, column: u32) -> u32 {
  return a.u_offset + (image * a.heads + column / a.width) * a.shown;
}

// The gradient that is there already.
fn earlier(row: u32, col: u32, offset: u32, stride: u32, every: u32) -> f32 {
  var v = 0.0;
  if (ADD) {
    if (row % every == 0u) {
      v = other[offset + (row / every) * stride + col];
    }
  }
  return v;
}
