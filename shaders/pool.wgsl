// Pooling of maps [images, h, w, cols]: one lane per result, cols innermost.
//
//   max_pool             the largest of a window of size x size every `stride` pixels, borders padded with nothing; `places`
//                        keeps which input element it was, the first in reading order when several are equal
//   max_pool_gradient    dx = sum of g over the windows whose maximum this element was
//   cell_means           the mean over each cell of an out_h x out_w grid, edges floor(i h / out_h): every pixel in one cell
//   cell_means_gradient  dx = g of the pixel's cell / pixels in that cell
const KEEP = true; // max_pool: write places
const ADD = false; // gradients: add `other`, a matrix with a row for each add_every-th row

struct Params {
  images: u32,
  h: u32,
  w: u32,
  cols: u32,
  out_h: u32,
  out_w: u32,
  size: u32,
  stride: u32,
  padding: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> map: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read> places_in: array<u32>;
@group(0) @binding(4) var<storage, read_write> places: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

// A pixel of an image and a channel; image is past the end for lanes that have nothing to do.
struct Place {
  image: u32,
  y: u32,
  x: u32,
  c: u32,
}

fn place_of(i: u32, h: u32, w: u32, cols: u32) -> Place {
  let pixel = i / cols;
  let line = pixel / w;
  return Place(line / h, line % h, pixel % w, i % cols);
}

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

fn earlier(p: Params, i: u32) -> f32 {
  if (ADD) {
    let row = i / p.cols;
    if (row % p.add_every == 0u) {
      return other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  return 0.0;
}

const LOWEST = -3.4028234663852886e38;

@compute @workgroup_size(64)
fn max_pool(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  let at = place_of(i, p.out_h, p.out_w, p.cols);
  if (at.image >= p.images) {
    return;
  }
  let top = max(at.y * p.stride, p.padding) - p.padding;
  let left = max(at.x * p.stride, p.padding) - p.padding;
  let bottom = min(at.y * p.stride + p.size - p.padding, p.h);
  let right = min(at.x * p.stride + p.size - p.padding, p.w);
  var largest = LOWEST;
  var place = 0u;
  for (var r = top; r < bottom; r++) {
    for (var c = left; c < right; c++) {
      let e = ((at.image * p.h + r) * p.w + c) * p.cols + at.c;
      let v = map[e];
      let larger = v > largest || (r == top && c == left);
      largest = select(largest, v, larger);
      place = select(place, e, larger);
    }
  }
  out[i] = largest;
  if (KEEP) {
    places[i] = place;
  }
}

@compute @workgroup_size(64)
fn max_pool_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  let at = place_of(i, p.h, p.w, p.cols);
  if (at.image >= p.images) {
    return;
  }
  // Windows o with o stride - padding <= at < o stride - padding + size.
  let top = (max(at.y + p.padding + p.stride, p.size) - p.size) / p.stride;
  let left = (max(at.x + p.padding + p.stride, p.size) - p.size) / p.stride;
  let bottom = min((at.y + p.padding) / p.stride + 1u, p.out_h);
  let right = min((at.x + p.padding) / p.stride + 1u, p.out_w);
  var sum = earlier(p, i);
  for (var r = top; r < bottom; r++) {
    for (var c = left; c < right; c++) {
      let e = ((at.image * p.out_h + r) * p.out_w + c) * p.cols + at.c;
      sum += select(0.0, g[e], places_in[e] == i);
    }
  }
  out[i] = sum;
}

@compute @workgroup_size(64)
fn cell_means(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  let at = place_of(i, p.out_h, p.out_w, p.cols);
  if (at.image >= p.images) {
    return;
  }
  let top = at.y * p.h / p.out_h;
  let left = at.x * p.w / p.out_w;
  let bottom = (at.y + 1u) * p.h / p.out_h;
  let right = (at.x + 1u) * p.w / p.out_w;
  var sum = 0.0;
  for (var r = top; r < bottom; r++) {
    for (var c = left; c < right; c++) {
      sum += map[((at.image * p.h + r) * p.w + c) * p.cols + at.c];
    }
  }
  out[i] = sum / f32((bottom - top) * (right - left));
}

// Which of `cells` cells of `size` pixels holds pixel `at`: the last r with floor(r size / cells) <= at.
fn cell_of(at: u32, size: u32, cells: u32) -> u32 {
  return ((at + 1u) * cells - 1u) / size;
}

@compute @workgroup_size(64)
fn cell_means_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  let at = place_of(i, p.h, p.w, p.cols);
  if (at.image >= p.images) {
    return;
  }
  let r = cell_of(at.y, p.h, p.out_h);
  let c = cell_of(at.x, p.w, p.out_w);
  let tall = (r + 1u) * p.h / p.out_h - r * p.h / p.out_h;
  let wide = (c + 1u) * p.w / p.out_w - c * p.w / p.out_w;
  out[i] = g[((at.image * p.out_h + r) * p.out_w + c) * p.cols + at.c] / f32(tall * wide) + earlier(p, i);
}
