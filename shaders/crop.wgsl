// Random windows of a batch of images: crops resized to a square, and rectangles erased by noise. Decided by uniform draws made
// with random.wgsl, as in augment.wgsl.
//
//   crop_plan      out[b] = (column, row, width, height, mirrored): a window of whole pixels whose share of the area is uniform
//                  in least..most and whose width : height is log-uniform up to shape : 1 either way, the first of ATTEMPTS
//                  that fits into the image; the whole image when none does
//   resized_crop   the window at out_side pixels, bilinearly (pixel centres at halves, its border repeated), mirrored where the plan
//                  says; of `batch` windows, number b is of image b % count: several views of each
//   erase_plan     the same windows, but smaller than the image, with `probability`; else, or when none fits, an empty one
//   erase          out = standard normal noise inside the window, x outside
//
// Layout. images [count, channels, side, side], noise [batch, channels, side, side]; draws [batch, 23] in [0, 1): column, row, mirrored (or whether at
// all), then area and shape of each attempt; plan [batch, 5]. Each pair of neighbours in `noise` gives their two normals by
// Box and Muller. One lane owns one element of its output (a row of the plan).
// Source: RandomResizedCrop of torchvision (Szegedy et al., 2015); random erasing of Zhong, Zheng, Kang, Li, Yang, 2020, in
// the form of timm's mode "pixel".
struct Params {
  batch: u32, // of windows
  count: u32, // of images
  channels: u32,
  side: u32,
  out_side: u32,
  least: f32,
  most: f32,
  shape: f32,
  probability: f32,
}

@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read> plan: array<f32>;
@group(0) @binding(3) var<storage, read> noise: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

const ATTEMPTS = 10u;
const DRAWS = 23u;

@compute @workgroup_size(64)
fn crop_plan(@builtin(global_invocation_id) id: vec3u) {
  let b = id.x + id.y * 65535u * 64u;
  if (b < p.batch) {
    let size = fitting(b, f32(p.side));
    write_window(b, select(size, vec2f(f32(p.side)), size.x == 0.0));
    out[5u * b + 4u] = f32(draws[DRAWS * b + 2u] < 0.5);
  }
}

@compute @workgroup_size(64)
fn erase_plan(@builtin(global_invocation_id) id: vec3u) {
  let b = id.x + id.y * 65535u * 64u;
  if (b < p.batch) {
    let size = fitting(b, f32(p.side) - 1.0);
    write_window(b, select(vec2f(0.0), size, draws[DRAWS * b + 2u] < p.probability));
    out[5u * b + 4u] = 0.0;
  }
}

// Width and height of the first attempt of at most `limit` pixels a side; 0 when there is none.
fn fitting(b: u32, limit: f32) -> vec2f {
  for (var i = 0u; i < ATTEMPTS; i++) {
    let at = DRAWS * b + 3u + 2u * i;
    let area = mix(p.least, p.most, draws[at]);
    let shape = exp(log(p.shape) * (2.0 * draws[at + 1u] - 1.0));
    let size = round(f32(p.side) * sqrt(area * vec2f(shape, 1.0 / shape)));
    if (all(size >= vec2f(1.0)) && all(size <= vec2f(limit))) {
      return size;
    }
  }
  return vec2f(0.0);
}

fn write_window(b: u32, size: vec2f) {
  let room = f32(p.side) - size;
  let corner = min(floor(vec2f(draws[DRAWS * b], draws[DRAWS * b + 1u]) * (room + 1.0)), room);
  for (var i = 0u; i < 2u; i++) {
    out[5u * b + i] = corner[i];
    out[5u * b + 2u + i] = size[i];
  }
}

@compute @workgroup_size(64)
fn resized_crop(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.out_side * p.out_side;
  if (i >= p.batch * p.channels * area) {
    return;
  }
  let plane = i / area % (p.count * p.channels);
  let w = window(i / area / p.channels);
  var place = vec2f(f32(i % p.out_side), f32((i % area) / p.out_side));
  if (w.mirrored) {
    place.x = f32(p.out_side - 1u) - place.x;
  }
  let inside = clamp((place + 0.5) * w.size / f32(p.out_side) - 0.5, vec2f(0.0), w.size - 1.0);
  let corner = vec2u(floor(inside));
  let next = min(corner + 1u, vec2u(w.size) - 1u);
  let part = inside - floor(inside);
  let origin = vec2u(w.corner);
  let upper = mix(pixel(plane, origin + corner), pixel(plane, origin + vec2u(next.x, corner.y)), part.x);
  let lower = mix(pixel(plane, origin + vec2u(corner.x, next.y)), pixel(plane, origin + next), part.x);
  out[i] = mix(upper, lower, part.y);
}

fn pixel(plane: u32, x: vec2u) -> f32 {
  return images[(plane * p.side + x.y) * p.side + x.x];
}

@compute @workgroup_size(64)
fn erase(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.side * p.side;
  if (i >= p.batch * p.channels * area) {
    return;
  }
  let w = window(i / area / p.channels);
  let place = vec2f(f32(i % p.side), f32((i % area) / p.side)) - w.corner;
  if (all(place >= vec2f(0.0)) && all(place < w.size)) {
    out[i] = normal(i);
  } else {
    out[i] = images[i];
  }
}

struct Window {
  corner: vec2f,
  size: vec2f,
  mirrored: bool,
}

fn window(b: u32) -> Window {
  let at = 5u * b;
  return Window(vec2f(plan[at], plan[at + 1u]), vec2f(plan[at + 2u], plan[at + 3u]), plan[at + 4u] != 0.0);
}

// The logarithm's argument, 1 - u, is never 0; the angle is kept within -pi..pi, where WGSL promises accuracy.
fn normal(i: u32) -> f32 {
  let radius = sqrt(-2.0 * log(1.0 - noise[i & ~1u]));
  let angle = 6.283185307179586 * (noise[i | 1u] - 0.5);
  return radius * select(sin(angle), cos(angle), (i & 1u) == 0u);
}
