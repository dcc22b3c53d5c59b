// Global context: one weighted sum of an image's pixels, and what is made of it added to every pixel.
//
//   pool           out[b, c] = sum_p w[b, p] x[b, p, c];  without WEIGHTED w = 1
//   pool_gradient  dx[b, p, c] = w[b, p] g[b, c]
//   weights_gradient  dw[b, p] = sum_c g[b, c] x[b, p, c]
//   gate           out[b, p, c] = sigmoid(t[b, c]) x[b, p, c]; its gradient to x is the same of g
//   gates_gradient  dt[b, c] = s (1 - s) sum_p g[b, p, c] x[b, p, c], s = sigmoid(t[b, c])
//   add_all        out[b, p, c] = x[b, p, c] + t[b, c]; its gradient to t is `pool` of g without weights
//
// Layout. x is [images, pixels, cols], w [images, pixels], t and g [images, cols]; no gaps. One lane per result.
const WEIGHTED = true;
const ADD = false;

struct Params {
  images: u32,
  pixels: u32,
  cols: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

// The gradient that is there already.
fn earlier(p: Params, row: u32, col: u32) -> f32 {
  var v = 0.0;
  if (ADD) {
    if (row % p.add_every == 0u) {
      v = other[p.add_offset + (row / p.add_every) * p.add_stride + col];
    }
  }
  return v;
}

@compute @workgroup_size(64)
fn pool(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.images * p.cols) {
    return;
  }
  let first = (i / p.cols) * p.pixels;
  var sum = 0.0;
  for (var row = first; row < first + p.pixels; row++) {
    var v = x[row * p.cols + i % p.cols];
    if (WEIGHTED) {
      v *= w[row];
    }
    sum += v;
  }
  out[i] = sum + earlier(p, i / p.cols, i % p.cols);
}

@compute @workgroup_size(64)
fn pool_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.images * p.pixels * p.cols) {
    let row = i / p.cols;
    let c = i % p.cols;
    out[i] = w[row] * g[(row / p.pixels) * p.cols + c] + earlier(p, row, c);
  }
}

@compute @workgroup_size(64)
fn weights_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.images * p.pixels) {
    return;
  }
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    sum += g[(row / p.pixels) * p.cols + c] * x[row * p.cols + c];
  }
  out[row] = sum + earlier(p, row / p.pixels, row % p.pixels);
}

// Binding w holds t here.
@compute @workgroup_size(64)
fn add_all(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.images * p.pixels * p.cols) {
    out[i] = x[i] + w[(i / p.cols / p.pixels) * p.cols + i % p.cols];
  }
}

// Binding w holds t here and below.
@compute @workgroup_size(64)
fn gate(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.images * p.pixels * p.cols) {
    let row = i / p.cols;
    let c = i % p.cols;
    out[i] = x[i] / (1.0 + exp(-w[(row / p.pixels) * p.cols + c])) + earlier(p, row, c);
  }
}

@compute @workgroup_size(64)
fn gates_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.images * p.cols) {
    return;
  }
  let first = (i / p.cols) * p.pixels;
  var sum = 0.0;
  for (var row = first; row < first + p.pixels; row++) {
    sum += g[row * p.cols + i % p.cols] * x[row * p.cols + i % p.cols];
  }
  let s = 1.0 / (1.0 + exp(-w[i]));
  out[i] = s * (1.0 - s) * sum + earlier(p, i / p.cols, i % p.cols);
}
