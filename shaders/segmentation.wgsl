// What a segmenter needs beside a vision transformer: class tokens among the patches, their similarity to patches, and labels
// of pixels.
//
//   range              out[b, i] = x[b, from + i], rows of width cols; count of them per image
//   range_gradient     out[b, from + i] = g[b, i], 0 in rows outside of the range
//   append             out[b] = the rows of x[b], then those of `more`, which all images share; with PLACED plus their positions g
//   products           out[b, i, j] = x[b, i] . y[b, j]
//   products_gradient  out[b, i] = sum_j g[b, i, j] y[b, j];  with SWAPPED sum_j g[b, j, i] y[b, j], which is that of y
//   counted            out[r] = 1 where labels[r] names one of cols classes, else 0
//   targets            out[r, c] = rows / total where c = labels[r], else 0; total[0] pixels count
//   argmax             chosen[r] = the column of the highest x[r, c], the first of equals
//
// Layout. Everything is dense but `other`, the gradient that is there already (a row for each add_every-th row), added with ADD.
// A lane owns one element of out; in targets and argmax one row.
const ADD = false;
const SWAPPED = false;
const PLACED = false;

struct Params {
  rows: u32, // of out: all of them, or in range, append and products those of one image
  cols: u32, // in products: the width of x and y
  images: u32,
  tokens: u32, // rows per image of x (range, append), of what range was taken from, or of y (products)
  begin: u32, // first row of the range
  count: u32, // rows of the range
  label_offset: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read> total: array<f32>;
@group(0) @binding(5) var<storage, read> other: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> chosen: array<u32>;
@group(0) @binding(8) var<uniform> p: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

// The gradient that is there already.
fn earlier(row: u32, col: u32) -> f32 {
  var v = 0.0;
  if (ADD) {
    if (row % p.add_every == 0u) {
      v = other[p.add_offset + (row / p.add_every) * p.add_stride + col];
    }
  }
  return v;
}

@compute @workgroup_size(64)
fn range(@builtin(global_invocation_id) id: vec3u) {
  let i = index(id);
  if (i >= p.images * p.count * p.cols) {
    return;
  }
  let row = i / p.cols;
  let image = row / p.count;
  out[i] = x[(image * p.tokens + p.begin + row % p.count) * p.cols + i % p.cols];
}

@compute @workgroup_size(64)
fn range_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = index(id);
  if (i >= p.images * p.tokens * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  let token = row % p.tokens;
  var v = earlier(row, col);
  if (token >= p.begin && token < p.begin + p.count) {
    v += g[((row / p.tokens) * p.count + token - p.begin) * p.cols + col];
  }
  out[i] = v;
}

// Binding y holds the shared rows here.
@compute @workgroup_size(64)
fn append(@builtin(global_invocation_id) id: vec3u) {
  let i = index(id);
  if (i >= p.images * p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  let token = row % p.rows;
  if (token < p.tokens) {
    out[i] = x[((row / p.rows) * p.tokens + token) * p.cols + col];
  } else {
    let at = (token - p.tokens) * p.cols + col;
    var v = y[at];
    if (PLACED) {
      v += g[at];
    }
    out[i] = v;
  }
}

@compute @workgroup_size(64)
fn products(@builtin(global_invocation_id) id: vec3u) {
  let i = index(id);
  if (i >= p.images * p.rows * p.tokens) {
    return;
  }
  let row = i / p.tokens;
  let one = row * p.cols;
  let two = ((row / p.rows) * p.tokens + i % p.tokens) * p.cols;
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    sum += x[one + c] * y[two + c];
  }
  out[i] = sum;
}

@compute @workgroup_size(64)
fn products_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = index(id);
  if (i >= p.images * p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  let image = row / p.rows;
  var sum = earlier(row, col);
  for (var j = 0u; j < p.tokens; j++) {
    var at = row * p.tokens + j;
    if (SWAPPED) {
      at = (image * p.tokens + j) * p.rows + row % p.rows;
    }
    sum += g[at] * y[(image * p.tokens + j) * p.cols + col];
  }
  out[i] = sum;
}

@compute @workgroup_size(64)
fn counted(@builtin(global_invocation_id) id: vec3u) {
  let i = index(id);
  if (i < p.rows) {
    out[i] = select(0.0, 1.0, labels[p.label_offset + i] < p.cols);
  }
}

@compute @workgroup_size(64)
fn targets(@builtin(global_invocation_id) id: vec3u) {
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  let label = labels[p.label_offset + row];
  let share = f32(p.rows) / max(total[0], 1.0);
  for (var c = 0u; c < p.cols; c++) {
    out[row * p.cols + c] = select(0.0, share, c == label);
  }
}

@compute @workgroup_size(64)
fn argmax(@builtin(global_invocation_id) id: vec3u) {
  let row = index(id);
  if (row >= p.rows) {
    return;
  }
  let start = row * p.cols;
  var best = 0u;
  for (var c = 1u; c < p.cols; c++) {
    if (x[start + c] > x[start + best]) {
      best = c;
    }
  }
  chosen[row] = best;
}
