// Kernels over feature maps [.., cols] without gaps: one lane per element, four numbers of bookkeeping, no sharing.
//
//   combine           out = a + b (b only with B), then ReLU with RELU
//   combine_gradient  out = g where y > 0: what passes a ReLU
//   scale             out = s a, with EXP exp(s a)
//   scale_gradient    out = g s, with EXP g s y; ds = sum g a, with EXP sum g a y, one sum for each lane
//   mask_cells        out = a times the cell of mask [images, grid_h, grid_w] that holds the pixel; its own gradient
//   nearest           out[i, j] = a[floor(i h / out_h), floor(j w / out_w)]
//   nearest_gradient  out[y, x] = sum of g over the pixels that look at (y, x)
//
// Gradients add `other` (a row for each add_every-th row) with ADD.
const B = true;
const RELU = false;
const EXP = false;
const ADD = false;

struct Params {
  size: u32, // elements
  cols: u32,
  stride: u32, // scale_gradient: number of lanes, each every so many elements
  h: u32,
  w: u32,
  out_h: u32, // nearest: of the larger or smaller map; mask_cells: of the mask
  out_w: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> s: array<f32>;
@group(0) @binding(5) var<storage, read> mask: array<f32>;
@group(0) @binding(6) var<storage, read> other: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<storage, read_write> ds: array<f32>;
@group(0) @binding(9) var<uniform> params: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

// The gradient that is there already.
fn earlier(p: Params, i: u32) -> f32 {
  if (ADD) {
    let row = i / p.cols;
    if (row % p.add_every == 0u) {
      return other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  return 0.0;
}

@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= p.size) {
    return;
  }
  var v = a[i];
  if (B) {
    v += b[i];
  }
  if (RELU) {
    v = max(v, 0.0);
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn combine_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i < p.size) {
    out[i] = select(0.0, g[i], y[i] > 0.0) + earlier(p, i);
  }
}

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= p.size) {
    return;
  }
  var v = s[0] * a[i];
  if (EXP) {
    v = exp(v);
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn scale_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = index(id);
  if (lane >= p.stride) {
    return;
  }
  let factor = s[0];
  var sum = 0.0;
  for (var i = lane; i < p.size; i += p.stride) {
    var v = g[i];
    if (EXP) {
      v *= y[i];
    }
    sum += v * a[i];
    out[i] = factor * v + earlier(p, i);
  }
  ds[lane] = sum;
}

@compute @workgroup_size(64)
fn mask_cells(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= p.size) {
    return;
  }
  let pixel = i / p.cols;
  let line = pixel / p.w;
  let cell_y = (line % p.h) * p.out_h / p.h;
  let cell_x = (pixel % p.w) * p.out_w / p.w;
  out[i] = a[i] * mask[((line / p.h) * p.out_h + cell_y) * p.out_w + cell_x] + earlier(p, i);
}

@compute @workgroup_size(64)
fn nearest(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= p.size) {
    return;
  }
  let pixel = i / p.cols;
  let line = pixel / p.out_w;
  let from_y = (line % p.out_h) * p.h / p.out_h;
  let from_x = (pixel % p.out_w) * p.w / p.out_w;
  out[i] = a[(((line / p.out_h) * p.h + from_y) * p.w + from_x) * p.cols + i % p.cols];
}

// The first pixel that looks at `at` or beyond it: floor(i size / count) >= at.
fn first_looker(at: u32, size: u32, count: u32) -> u32 {
  return (at * count + size - 1u) / size;
}

@compute @workgroup_size(64)
fn nearest_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  if (i >= p.size) {
    return;
  }
  let pixel = i / p.cols;
  let line = pixel / p.w;
  let top = first_looker(line % p.h, p.h, p.out_h);
  let bottom = first_looker(line % p.h + 1u, p.h, p.out_h);
  let left = first_looker(pixel % p.w, p.w, p.out_w);
  let right = first_looker(pixel % p.w + 1u, p.w, p.out_w);
  var sum = earlier(p, i);
  for (var r = top; r < bottom; r++) {
    for (var c = left; c < right; c++) {
      sum += g[(((line / p.h) * p.out_h + r) * p.out_w + c) * p.cols + i % p.cols];
    }
  }
  out[i] = sum;
}
