// Stochastic depth: whole branches of a residual network are left out, image by image.
//
//   scale_images   out[r, c] = factor(image of r) x[r, c] + other[r, c];  rate = most x share
//                  factor = draw >= rate ? 1 / (1 - rate) : 0
//
// Layout. x [rows, cols] with `each` rows per image, `draws` one number in [0, 1) per image from draws_offset on, result
// dense. With ADD, `other` (a row for each add_every-th row) is added: forward the residual, backward what is there already.
// Source: Huang, Sun, Liu, Sedra, Weinberger, 2016; scaled as timm's DropPath does.
const ADD = false;

struct Params {
  rows: u32,
  cols: u32,
  each: u32,
  x_offset: u32,
  x_stride: u32,
  draws_offset: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  most: f32,
  share: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(64)
fn scale_images(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let rate = p.most * p.share;
  var v = 0.0;
  if (draws[p.draws_offset + row / p.each] >= rate) {
    v = x[p.x_offset + row * p.x_stride + i % p.cols] / (1.0 - rate);
  }
  if (ADD) {
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  out[i] = v;
}
