// Colour jitter of a batch of images, and grey ones: what views of an image may differ in besides their place. Decided by uniform
// draws made with random.wgsl, as in augment.wgsl.
//
//   greys   out[b, row] = sum over a row of the grey of the brightened image
//   jitter  in this order, for 8 images of 10: brightness f v; contrast, towards the image's mean grey; saturation, towards the
//           pixel's grey; hue, turned by a share of the circle. Then, for `grey` of all images, the grey alone.
//           Factors are uniform in 1 - a .. 1 + a, a being `strength` times MOST_*; values stay in 0..1 after each.
//
// Layout. images [batch, channels, side, side], normalised: v = (u - mean) / deviation for u in 0..1, one channel or three. draws
// [batch, 6]: whether at all, brightness, contrast, saturation, hue, grey. One lane owns one pixel of all channels (greys: a row).
// Source: ColorJitter(0.4, 0.4, 0.2, 0.1) and RandomGrayscale(0.2) of DINO's augmentation (main_dino.py), whose order of the four is
// random; formulas of torchvision. Greys are Rec. 601 luma. DINO also blurs, and solarizes one view.
struct Params {
  batch: u32,
  channels: u32,
  side: u32,
  strength: f32,
  grey: f32,
  mean_0: f32,
  mean_1: f32,
  mean_2: f32,
  deviation_0: f32,
  deviation_1: f32,
  deviation_2: f32,
}

@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read> row_greys: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

const DRAWS = 6u;
const SHARE = 0.8;
const MOST_BRIGHTNESS = 0.4;
const MOST_CONTRAST = 0.4;
const MOST_SATURATION = 0.2;
const MOST_HUE = 0.1;

fn drawn(b: u32, i: u32) -> f32 {
  return draws[DRAWS * b + i];
}

// A factor around 1; 1 itself for images that are left alone.
fn factor(b: u32, i: u32, most: f32) -> f32 {
  return select(1.0, 1.0 + p.strength * most * (2.0 * drawn(b, i) - 1.0), drawn(b, 0u) < SHARE);
}

fn luma(colour: vec3f) -> f32 {
  return dot(colour, vec3f(0.299, 0.587, 0.114));
}

// Colour in 0..1 of a pixel, brightened. A single channel stands for all three.
fn brightened(b: u32, pixel: u32) -> vec3f {
  let area = p.side * p.side;
  let at = b * p.channels * area + pixel;
  let other = select(0u, area, p.channels == 3u);
  let values = vec3f(images[at], images[at + other], images[at + 2u * other]);
  let colour = values * vec3f(p.deviation_0, p.deviation_1, p.deviation_2) + vec3f(p.mean_0, p.mean_1, p.mean_2);
  return clamp(factor(b, 1u, MOST_BRIGHTNESS) * clamp(colour, vec3f(0.0), vec3f(1.0)), vec3f(0.0), vec3f(1.0));
}

@compute @workgroup_size(64)
fn greys(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.side) {
    return;
  }
  var sum = 0.0;
  for (var x = 0u; x < p.side; x++) {
    sum += luma(brightened(i / p.side, (i % p.side) * p.side + x));
  }
  out[i] = sum;
}

@compute @workgroup_size(64)
fn jitter(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.side * p.side;
  if (i >= p.batch * area) {
    return;
  }
  let b = i / area;
  var middle = 0.0;
  for (var row = 0u; row < p.side; row++) {
    middle += row_greys[b * p.side + row];
  }
  var c = brightened(b, i % area);
  c = clamp(mix(vec3f(middle / f32(area)), c, factor(b, 2u, MOST_CONTRAST)), vec3f(0.0), vec3f(1.0));
  if (p.channels == 3u) {
    c = clamp(mix(vec3f(luma(c)), c, factor(b, 3u, MOST_SATURATION)), vec3f(0.0), vec3f(1.0));
    c = turned(c, factor(b, 4u, MOST_HUE) - 1.0);
    if (drawn(b, 5u) < p.grey) {
      c = vec3f(luma(c));
    }
  }
  let normal = (c - vec3f(p.mean_0, p.mean_1, p.mean_2)) / vec3f(p.deviation_0, p.deviation_1, p.deviation_2);
  for (var channel = 0u; channel < p.channels; channel++) {
    out[(b * p.channels + channel) * area + i % area] = normal[channel];
  }
}

// The colour with its hue moved by a share of the circle: hue, saturation and value of HSV, and back.
fn turned(c: vec3f, share: f32) -> vec3f {
  let most = max(c.x, max(c.y, c.z));
  let range = most - min(c.x, min(c.y, c.z));
  if (range == 0.0) {
    return c;
  }
  var sixth = (c.x - c.y) / range + 4.0;
  if (most == c.x) {
    sixth = (c.y - c.z) / range;
  } else if (most == c.y) {
    sixth = (c.z - c.x) / range + 2.0;
  }
  let hue = 6.0 * fract(sixth / 6.0 + share + 1.0);
  let near = abs((hue + vec3f(0.0, 4.0, 2.0)) % 6.0 - 3.0) - 1.0;
  return most - range * (1.0 - clamp(near, vec3f(0.0), vec3f(1.0)));
}
