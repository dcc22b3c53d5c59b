// Pooling of maps [images, h, w, cols]. A lane owns four neighbouring channels of a pixel of its result.
//
//   max_pool             the largest of a window of size x size every `stride` pixels, borders padded with nothing; `places`
//                        keeps which input element it was, the first in reading order when several are equal
//   max_pool_gradient    dx = sum of g over the windows whose maximum this element was
const KEEP = true; // max_pool: write places
const ADD = false; // max_pool_gradient: add `other`, a matrix with a row for each add_every-th row

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
@group(0) @binding(3) var<storage, read> kept: array<u32>;
@group(0) @binding(4) var<storage, read_write> places: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

// A pixel of an image and the first of a lane's four channels. The image is past the end for lanes without work.
struct Place {
  image: u32,
  y: u32,
  x: u32,
  c: u32,
}

fn place_of(p: Params, id: vec3u, height: u32, width: u32) -> Place {
  let i = id.x + id.y * 65535u * 64u;
  let fours = (p.cols + 3u) / 4u;
  let pixel = i / fours;
  let line = pixel / width;
  return Place(line / height, line % height, pixel % width, 4u * (i % fours));
}

// Elements of four neighbouring channels of a pixel; past the last channel that one is repeated, and not used.
fn four_of(p: Params, pixel: u32, c: u32) -> vec4u {
  return pixel * p.cols + min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(p.cols - 1u));
}

fn map_four(e: vec4u) -> vec4f {
  return vec4f(map[e.x], map[e.y], map[e.z], map[e.w]);
}

fn g_four(e: vec4u) -> vec4f {
  return vec4f(g[e.x], g[e.y], g[e.z], g[e.w]);
}

fn put_four(p: Params, pixel: u32, c: u32, v: vec4f) {
  for (var e = 0u; e < 4u; e++) { // unroll
    if (c + e < p.cols) {
      out[pixel * p.cols + c + e] = v[e];
    }
  }
}

// The gradient that is there already.
fn earlier(p: Params, row: u32, c: u32) -> vec4f {
  if (ADD) {
    if (row % p.add_every == 0u) {
      let e = p.add_offset + (row / p.add_every) * p.add_stride + min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(p.cols - 1u));
      return vec4f(other[e.x], other[e.y], other[e.z], other[e.w]);
    }
  }
  return vec4f();
}

const LOWEST = -3.4028234663852886e38;

@compute @workgroup_size(64)
fn max_pool(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, id, p.out_h, p.out_w);
  if (at.image >= p.images) {
    return;
  }
  let top = max(at.y * p.stride, p.padding) - p.padding;
  let left = max(at.x * p.stride, p.padding) - p.padding;
  let bottom = min(at.y * p.stride + p.size - p.padding, p.h);
  let right = min(at.x * p.stride + p.size - p.padding, p.w);
  var largest = vec4f(LOWEST);
  var place = four_of(p, (at.image * p.h + top) * p.w + left, at.c);
  for (var r = top; r < bottom; r++) {
    for (var c = left; c < right; c++) {
      let e = four_of(p, (at.image * p.h + r) * p.w + c, at.c);
      let v = map_four(e);
      place = select(place, e, v > largest);
      largest = max(largest, v);
    }
  }
  let row = (at.image * p.out_h + at.y) * p.out_w + at.x;
  put_four(p, row, at.c, largest);
  if (KEEP) {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (at.c + e < p.cols) {
        places[row * p.cols + at.c + e] = place[e];
      }
    }
  }
}

@compute @workgroup_size(64)
fn max_pool_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, id, p.h, p.w);
  if (at.image >= p.images) {
    return;
  }
  // Windows o with o stride - padding <= at < o stride - padding + size.
  let top = (max(at.y + p.padding + p.stride, p.size) - p.size) / p.stride;
  let left = (max(at.x + p.padding + p.stride, p.size) - p.size) / p.stride;
  let bottom = min((at.y + p.padding) / p.stride + 1u, p.out_h);
  let right = min((at.x + p.padding) / p.stride + 1u, p.out_w);
  let row = (at.image * p.h + at.y) * p.w + at.x;
  let own = four_of(p, row, at.c);
  var sum = earlier(p, row, at.c);
  for (var r = top; r < bottom; r++) {
    for (var c = left; c < right; c++) {
      let e = four_of(p, (at.image * p.out_h + r) * p.out_w + c, at.c);
      let seen = vec4u(kept[e.x], kept[e.y], kept[e.z], kept[e.w]);
      sum += select(vec4f(), g_four(e), seen == own);
    }
  }
  put_four(p, row, at.c, sum);
}
