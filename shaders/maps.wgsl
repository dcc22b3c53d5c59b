// Kernels over feature maps [.., cols] without gaps.
//
//   combine           out = a + b (b only with B), then ReLU with RELU
//   combine_gradient  out = a where b > 0: what passes a ReLU, for a = g and b = its result
//   scale             out = s a
//   scale_gradient    out = s b, ds = sum a b, a sum for each lane; b is the gradient that arrives
//   mask_cells        out = a times the cell of mask [images, out_h, out_w] that holds the pixel; its own gradient
//   nearest           out[i, j] = a[floor(i h / out_h), floor(j w / out_w)]
//   nearest_gradient  out[y, x] = sum of a over the pixels (of out_h x out_w) that read (y, x)
//   bilinear          out[i, j] = sum over y, x of w(s(i) - y) w(s(j) - x) a[y, x], w(d) = max(0, 1 - |d|)
//   bilinear_gradient out[y, x] = sum over i, j of w(s(i) - y) w(s(j) - x) a[i, j]
//
// Output i of bilinear reads at s(i) = clamp((i + 1/2) h / out_h - 1/2, 0, h - 1): half-pixel centres, not aligned corners.
//
// Gradients add `other` (a row for each add_every-th row) with ADD.
// Trick. A lane owns four neighbours, of one pixel where pixels matter: dividing an index is what costs on software adapters.
const B = true;
const RELU = false;
const ADD = false;

struct Params {
  size: u32, // elements of out
  cols: u32,
  lanes: u32, // scale_gradient: each takes every so many elements
  h: u32,
  w: u32,
  out_h: u32, // of the other map; mask_cells: of the mask
  out_w: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> s: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read> other: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> ds: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

// Four neighbours from `at` on; past `end` the last is repeated, and its result is not used.
fn a_four(at: u32, end: u32) -> vec4f {
  let e = end - 1u;
  return vec4f(a[at], a[min(at + 1u, e)], a[min(at + 2u, e)], a[min(at + 3u, e)]);
}

fn b_four(at: u32, end: u32) -> vec4f {
  let e = end - 1u;
  return vec4f(b[at], b[min(at + 1u, e)], b[min(at + 2u, e)], b[min(at + 3u, e)]);
}

fn put_four(at: u32, end: u32, v: vec4f) {
  for (var e = 0u; e < 4u; e++) { // unroll
    if (at + e < end) {
      out[at + e] = v[e];
    }
  }
}

@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = 4u * index(id);
  if (at >= p.size) {
    return;
  }
  var v = a_four(at, p.size);
  if (B) {
    v += b_four(at, p.size);
  }
  if (RELU) {
    v = max(v, vec4f());
  }
  put_four(at, p.size, v);
}

@compute @workgroup_size(64)
fn combine_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = 4u * index(id);
  if (at < p.size) {
    put_four(at, p.size, select(vec4f(), a_four(at, p.size), b_four(at, p.size) > vec4f()));
  }
}

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = 4u * index(id);
  if (at < p.size) {
    put_four(at, p.size, s[0] * a_four(at, p.size));
  }
}

@compute @workgroup_size(64)
fn scale_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let lane = index(id);
  if (lane >= p.lanes) {
    return;
  }
  let factor = s[0];
  var sum = 0.0;
  for (var i = lane; i < p.size; i += p.lanes) {
    sum += a[i] * b[i];
    var v = factor * b[i];
    if (ADD) {
      let row = i / p.cols;
      if (row % p.add_every == 0u) {
        v += other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
      }
    }
    out[i] = v;
  }
  ds[lane] = sum;
}

// A pixel of an image and the first of a lane's four channels.
struct Place {
  image: u32,
  y: u32,
  x: u32,
  c: u32,
}

fn place_of(p: Params, i: u32, height: u32, width: u32) -> Place {
  let fours = (p.cols + 3u) / 4u;
  let pixel = i / fours;
  let line = pixel / width;
  return Place(line / height, line % height, pixel % width, 4u * (i % fours));
}

// The gradient that is there already.
fn earlier(p: Params, row: u32, c: u32) -> vec4f {
  if (ADD) {
    if (row % p.add_every == 0u) {
      let at = p.add_offset + (row / p.add_every) * p.add_stride;
      let e = p.cols - 1u;
      return vec4f(other[at + c], other[at + min(c + 1u, e)], other[at + min(c + 2u, e)], other[at + min(c + 3u, e)]);
    }
  }
  return vec4f();
}

@compute @workgroup_size(64)
fn mask_cells(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, index(id), p.h, p.w);
  let row = (at.image * p.h + at.y) * p.w + at.x;
  if (row * p.cols >= p.size) {
    return;
  }
  let cell = (at.image * p.out_h + at.y * p.out_h / p.h) * p.out_w + at.x * p.out_w / p.w;
  let end = (row + 1u) * p.cols;
  put_four(row * p.cols + at.c, end, mask[cell] * a_four(row * p.cols + at.c, end) + earlier(p, row, at.c));
}

@compute @workgroup_size(64)
fn nearest(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, index(id), p.out_h, p.out_w);
  let row = (at.image * p.out_h + at.y) * p.out_w + at.x;
  if (row * p.cols >= p.size) {
    return;
  }
  let seen = (at.image * p.h + at.y * p.h / p.out_h) * p.w + at.x * p.w / p.out_w;
  put_four(row * p.cols + at.c, (row + 1u) * p.cols, a_four(seen * p.cols + at.c, (seen + 1u) * p.cols));
}

// The first pixel that reads `at` or beyond it: floor(i size / count) >= at.
fn first_looker(at: u32, size: u32, count: u32) -> u32 {
  return (at * count + size - 1u) / size;
}

@compute @workgroup_size(64)
fn nearest_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, index(id), p.h, p.w);
  let row = (at.image * p.h + at.y) * p.w + at.x;
  if (row * p.cols >= p.size) {
    return;
  }
  let bottom = first_looker(at.y + 1u, p.h, p.out_h);
  let left = first_looker(at.x, p.w, p.out_w);
  let right = first_looker(at.x + 1u, p.w, p.out_w);
  var sum = earlier(p, row, at.c);
  for (var r = first_looker(at.y, p.h, p.out_h); r < bottom; r++) {
    for (var c = left; c < right; c++) {
      let seen = (at.image * p.out_h + r) * p.out_w + c;
      sum += a_four(seen * p.cols + at.c, (seen + 1u) * p.cols);
    }
  }
  put_four(row * p.cols + at.c, (row + 1u) * p.cols, sum);
}

fn source(i: u32, size: u32, count: u32) -> f32 {
  return clamp((f32(i) + 0.5) * (f32(size) / f32(count)) - 0.5, 0.0, f32(size - 1u));
}

@compute @workgroup_size(64)
fn bilinear(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, index(id), p.out_h, p.out_w);
  let row = (at.image * p.out_h + at.y) * p.out_w + at.x;
  if (row * p.cols >= p.size) {
    return;
  }
  let y = source(at.y, p.h, p.out_h);
  let x = source(at.x, p.w, p.out_w);
  let y0 = u32(y);
  let x0 = u32(x);
  let above = (at.image * p.h + y0) * p.w + x0;
  let below = above + select(0u, p.w, y0 + 1u < p.h);
  let right = select(0u, 1u, x0 + 1u < p.w);
  let top = mix(seen_four(p, above, at.c), seen_four(p, above + right, at.c), x - f32(x0));
  let bottom = mix(seen_four(p, below, at.c), seen_four(p, below + right, at.c), x - f32(x0));
  put_four(row * p.cols + at.c, (row + 1u) * p.cols, mix(top, bottom, y - f32(y0)));
}

fn seen_four(p: Params, pixel: u32, c: u32) -> vec4f {
  return a_four(pixel * p.cols + c, (pixel + 1u) * p.cols);
}

// The first and one past the last output that may read input `at`: those within one input pixel of it, at the border all
// beyond. One too many does no harm, its weight is 0.
fn lookers(at: u32, size: u32, count: u32) -> vec2u {
  let near = (vec2f(f32(at)) + vec2f(-0.5, 1.5)) * (f32(count) / f32(size)) - 0.5;
  let range = vec2u(clamp(vec2f(floor(near.x), ceil(near.y) + 1.0), vec2f(0.0), vec2f(f32(count))));
  return select(range, vec2u(0u, count), vec2<bool>(at == 0u, at == size - 1u));
}

@compute @workgroup_size(64)
fn bilinear_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let at = place_of(p, index(id), p.h, p.w);
  let row = (at.image * p.h + at.y) * p.w + at.x;
  if (row * p.cols >= p.size) {
    return;
  }
  let lines = lookers(at.y, p.h, p.out_h);
  let columns = lookers(at.x, p.w, p.out_w);
  var sum = earlier(p, row, at.c);
  for (var r = lines.x; r < lines.y; r++) {
    let down = max(0.0, 1.0 - abs(source(r, p.h, p.out_h) - f32(at.y)));
    var line = vec4f();
    for (var c = columns.x; c < columns.y; c++) {
      let across = max(0.0, 1.0 - abs(source(c, p.w, p.out_w) - f32(at.x)));
      line += across * seen_four(p, (at.image * p.out_h + r) * p.out_w + c, at.c);
    }
    sum += down * line;
  }
  put_four(row * p.cols + at.c, (row + 1u) * p.cols, sum);
}
