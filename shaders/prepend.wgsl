// A row before those of each image, and those without it; each is the gradient of the other.
//
//   prepend  out[b, 0] = first[b] (0 without FIRST), out[b, 1 + t] = rest[b, t]
//   rest     out[b, t] = x[b, 1 + t]
//
// Layout. first [batch, cols], rest [batch * tokens, cols], x [batch * (1 + tokens), cols]; rows any distance apart, results dense.
// With ADD, `other` (a row for each add_every-th row) is added.
const FIRST = true;
const ADD = false;

struct Params {
  batch: u32,
  tokens: u32,
  cols: u32,
  x_offset: u32, // of x, or of rest in prepend
  x_stride: u32,
  first_offset: u32,
  first_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> first: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

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
fn prepend(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * (1u + p.tokens) * p.cols) {
    return;
  }
  let row = i / p.cols;
  let image = row / (1u + p.tokens);
  let t = row % (1u + p.tokens);
  var v = 0.0;
  if (t > 0u) {
    v = x[p.x_offset + (image * p.tokens + t - 1u) * p.x_stride + i % p.cols];
  } else {
    if (FIRST) {
      v = first[p.first_offset + image * p.first_stride + i % p.cols];
    }
  }
  write(i, v);
}

@compute @workgroup_size(64)
fn rest(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.tokens * p.cols) {
    return;
  }
  let row = i / p.cols;
  let source = (row / p.tokens) * (1u + p.tokens) + 1u + row % p.tokens;
  write(i, x[p.x_offset + source * p.x_stride + i % p.cols]);
}
