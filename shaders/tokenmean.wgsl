// The mean of some tokens of each image: average pooling of patches, or one token for itself.
//
//   token_mean           y[b, c] = 1 / count sum over t in from..from + count of x[b tokens + t, c]
//   token_mean_gradient  dx[b tokens + t, c] = g[b, c] / count for those t, 0 elsewhere; with ADD plus `other`
//
// Layout. x [batch * tokens, cols] and g [batch, cols], rows any distance apart; results dense.
const ADD = false;

struct Params {
  batch: u32,
  tokens: u32,
  first: u32,
  count: u32,
  cols: u32,
  x_offset: u32,
  x_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> other: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn token_mean(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.cols) {
    return;
  }
  let start = (i / p.cols) * p.tokens + p.first;
  var sum = 0.0;
  for (var t = 0u; t < p.count; t++) {
    sum += x[p.x_offset + (start + t) * p.x_stride + i % p.cols];
  }
  out[i] = sum / f32(max(p.count, 1u));
}

// Here x is the gradient of the mean.
@compute @workgroup_size(64)
fn token_mean_gradient(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.tokens * p.cols) {
    return;
  }
  let row = i / p.cols;
  let t = row % p.tokens;
  var v = 0.0;
  if (t >= p.first && t < p.first + p.count) {
    v = x[p.x_offset + (row / p.tokens) * p.x_stride + i % p.cols] / f32(p.count);
  }
  if (ADD) {
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  out[i] = v;
}
