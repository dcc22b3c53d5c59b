// Augmentation of a batch of images, all of it decided by uniform draws made with random.wgsl: a step's augmentation is a
// function of the seed, the step and the image's place in the batch.
//
//   shift_and_mirror  light: an image is shifted by up to `reach` pixels and, half of the time, mirrored left to right; with
//                     `least` below 1 then also cropped to a window of at least that share of its area, and enlarged
//   greys, distort    one round of RandAugment: half of the time, one of KINDS distortions of the strength `magnitude` / 10;
//                     with FULL one of timm's fifteen, its strength drawn anew for each image
//   tones             with FULL: of each plane, what equalising makes of its 256 levels, its least and its greatest level
//   mix_plan          for each image: share of its own label, weight of its own pixels, box (x0, y0, x1, y1) of the partner's
//   mix_images        mixup: weight x + (1 - weight) partner;  cutmix: the partner's pixels inside the box, its own outside
//   mix_targets       t[b, c] = share s(b, c) + (1 - share) s(partner, c),  s(b, c) = smoothing / K + (1 - smoothing) [c = label b]
//
// Layout. images [batch, channels, side, side], normalised: v = (u - mean) / deviation for u in 0..1. draws [batch, n], n as
// each entry says. The partner of image b is image batch - 1 - b. One lane owns one element of its output.
// Conventions. Shifted images repeat their border; what a distortion brings in from outside is the mean colour, 0.
// RandAugment: Cubuk, Zoph, Shlens, Le, 2020, with ranges of its follow-ups that do nothing at magnitude 0. mixup: Zhang,
// Cisse, Dauphin, Lopez-Paz, 2018. cutmix: Yun et al., 2019. The beta variate is Devroye's one-liner for equal parameters a,
//   1/2 +- 1/2 (1 + 1 / ((U^(-1/a) - 1) cos^2 (2 pi V)))^(-1/2)   (Random variate generation in one line of code, 1996)
// FULL is the set of "rand-m9-mstd0.5-inc1" in timm (auto_augment.py), of Pillow's ImageOps and ImageEnhance. It differs from
// timm in that values are not rounded to grey levels between operations, shears keep the middle in place, interpolation is
// bilinear, and magnitude 0 turns everything off.
const FULL = false;

struct Params {
  batch: u32,
  channels: u32,
  side: u32,
  reach: u32,
  least: f32,
  magnitude: f32, // 0..10
  mean_0: f32,
  mean_1: f32,
  mean_2: f32,
  deviation_0: f32,
  deviation_1: f32,
  deviation_2: f32,
}

struct MixParams {
  batch: u32,
  channels: u32,
  side: u32,
  classes: u32,
  mixup: f32, // parameter of the beta distribution; 0 = never
  cutmix: f32,
  smoothing: f32,
}

@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read> windows: array<f32>;
@group(0) @binding(3) var<storage, read> row_greys: array<f32>;
@group(0) @binding(4) var<storage, read> plan: array<f32>;
@group(0) @binding(5) var<storage, read> labels: array<u32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;
@group(0) @binding(8) var<uniform> m: MixParams;
@group(0) @binding(9) var<storage, read> plane_tones: array<f32>;

// Draws: dx, dy, mirror; of the window: area, shape, column, row.
@compute @workgroup_size(64)
fn shift_and_mirror(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.side * p.side;
  if (i >= p.batch * p.channels * area) {
    return;
  }
  let image = i / area / p.channels;
  let range = f32(2u * p.reach + 1u);
  let shift = vec2i(floor(vec2f(draws[3u * image], draws[3u * image + 1u]) * range)) - i32(p.reach);
  var col = i32(i % p.side);
  if (draws[3u * image + 2u] < 0.5) {
    col = i32(p.side) - 1 - col;
  }
  let place = clamp(vec2i(col, i32((i % area) / p.side)) + shift, vec2i(0), vec2i(i32(p.side) - 1));
  if (p.least < 1.0) {
    out[i] = sampled(i / area, clamp(inside_window(image, vec2f(place)), vec2f(0.0), vec2f(f32(p.side - 1u))));
  } else {
    out[i] = images[(i / area) * area + u32(place.y) * p.side + u32(place.x)];
  }
}

const LOG_4_3 = 0.28768207245178085;

// Where the window shows what an uncropped image has at `place`. Its sides stand in a ratio of 3/4 to 4/3.
fn inside_window(image: u32, place: vec2f) -> vec2f {
  let area = mix(p.least, 1.0, windows[4u * image]);
  let shape = exp(LOG_4_3 * (2.0 * windows[4u * image + 1u] - 1.0));
  let size = min(sqrt(area * vec2f(shape, 1.0 / shape)), vec2f(1.0));
  let corner = (1.0 - size) * vec2f(windows[4u * image + 2u], windows[4u * image + 3u]);
  return f32(p.side) * corner + (place + 0.5) * size - 0.5;
}

const SHEAR_X = 0u;
const SHEAR_Y = 1u;
const TRANSLATE_X = 2u;
const TRANSLATE_Y = 3u;
const ROTATE = 4u;
const BRIGHTNESS = 5u;
const CONTRAST = 6u;
const SATURATION = 7u;
const POSTERIZE = 8u;
const SOLARIZE = 9u;
const CUTOUT = 10u; // not in FULL, which has those below
const KINDS = 11u;
const AUTO_CONTRAST = 11u;
const EQUALIZE = 12u;
const INVERT = 13u;
const SOLARIZE_ADD = 14u;
const SHARPNESS = 15u;
const FULL_KINDS = 15u;

const MOST_SHEAR = 0.3;
const MOST_TRANSLATION = 0.45; // of the side
const MOST_ROTATION = 0.5235987755982988; // 30 degrees
const MOST_ENHANCEMENT = 0.9;
const MOST_BITS_LOST = 4.0;
const MOST_CUT = 0.17857142857142858; // half the square's side: 40 of 224 pixels
const MOST_ADDED = 110.0; // levels
const SPREAD = 0.5; // standard deviation of the magnitude, with FULL

// Draws of `distort`: kind, whether at all, direction (or column of the cut), row of the cut; with FULL two more, for the
// magnitude's deviation.
const DRAWS = 4u;

@compute @workgroup_size(64)
fn distort(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.side * p.side;
  if (i >= p.batch * p.channels * area) {
    return;
  }
  let b = i / area / p.channels;
  let c = (i / area) % p.channels;
  let place = vec2f(f32(i % p.side), f32((i % area) / p.side));
  let strength = strength_of(b);
  var v = images[i];
  if (p.magnitude > 0.0 && draws[DRAWS * b + 1u] < 0.5) {
    let kind = kind_of(draws[DRAWS * b]);
    let signed_strength = select(strength, -strength, draws[DRAWS * b + 2u] < 0.5);
    if (kind <= ROTATE) {
      v = sampled(i / area, source(kind, signed_strength, place));
    } else if (kind == CUTOUT) {
      let away = abs(place + 0.5 - f32(p.side) * vec2f(draws[DRAWS * b + 2u], draws[DRAWS * b + 3u]));
      v = select(v, 0.0, max(away.x, away.y) < strength * MOST_CUT * f32(p.side));
    } else {
      v = (recoloured(kind, signed_strength, b, c, i % area) - mean(c)) / deviation(c);
    }
  }
  out[i] = v;
}

fn kind_of(draw: f32) -> u32 {
  if (FULL) {
    let kind = u32(draw * f32(FULL_KINDS));
    return select(kind, kind + 1u, kind >= CUTOUT);
  } else {
    return u32(draw * f32(KINDS));
  }
}

// Magnitude / 10; with FULL it strays from image to image by a normal number (Box and Muller), within 0..1.
fn strength_of(b: u32) -> f32 {
  if (FULL) {
    let radius = sqrt(-2.0 * log(1.0 - draws[DRAWS * b + 4u]));
    let z = radius * cos(6.283185307179586 * (draws[DRAWS * b + 5u] - 0.5));
    return clamp(p.magnitude + SPREAD * z, 0.0, 10.0) / 10.0;
  } else {
    return p.magnitude / 10.0;
  }
}

// Where the pixel that ends at `place` comes from.
fn source(kind: u32, strength: f32, place: vec2f) -> vec2f {
  let middle = 0.5 * f32(p.side - 1u);
  let d = place - middle;
  if (kind == SHEAR_X) {
    return place + vec2f(strength * MOST_SHEAR * d.y, 0.0);
  }
  if (kind == SHEAR_Y) {
    return place + vec2f(0.0, strength * MOST_SHEAR * d.x);
  }
  if (kind == TRANSLATE_X) {
    return place + vec2f(strength * MOST_TRANSLATION * f32(p.side), 0.0);
  }
  if (kind == TRANSLATE_Y) {
    return place + vec2f(0.0, strength * MOST_TRANSLATION * f32(p.side));
  }
  let turn = vec2f(cos(strength * MOST_ROTATION), sin(strength * MOST_ROTATION));
  return middle + vec2f(turn.x * d.x - turn.y * d.y, turn.y * d.x + turn.x * d.y);
}

// Bilinear, 0 outside.
fn sampled(plane: u32, at: vec2f) -> f32 {
  let corner = floor(at);
  let part = at - corner;
  let x = vec2i(corner);
  let upper = mix(pixel(plane, x), pixel(plane, x + vec2i(1, 0)), part.x);
  let lower = mix(pixel(plane, x + vec2i(0, 1)), pixel(plane, x + vec2i(1, 1)), part.x);
  return mix(upper, lower, part.y);
}

fn pixel(plane: u32, x: vec2i) -> f32 {
  let inside = clamp(x, vec2i(0), vec2i(i32(p.side) - 1));
  let v = images[(plane * p.side + u32(inside.y)) * p.side + u32(inside.x)];
  return select(0.0, v, all(inside == x));
}

// The value in 0..1 of channel c, pixel `at` of image b, once recoloured.
fn recoloured(kind: u32, strength: f32, b: u32, c: u32, at: u32) -> f32 {
  let v = unit(b, c, at);
  let level = floor(255.0 * v + 0.5);
  if (kind == POSTERIZE) {
    let step = exp2(bits_lost(abs(strength)));
    return floor(level / step) * step / 255.0;
  }
  if (kind == SOLARIZE) {
    return select(v, 1.0 - v, level >= 256.0 * (1.0 - abs(strength)));
  }
  if (FULL) {
    let tones_at = TONES * (b * p.channels + c);
    if (kind == AUTO_CONTRAST) {
      let ends = vec2f(plane_tones[tones_at + 256u], plane_tones[tones_at + 257u]);
      return select(v, clamp((v - ends.x) / max(ends.y - ends.x, 1.0 / 255.0), 0.0, 1.0), ends.y > ends.x);
    }
    if (kind == EQUALIZE) {
      return plane_tones[tones_at + u32(level)];
    }
    if (kind == INVERT) {
      return 1.0 - v;
    }
    if (kind == SOLARIZE_ADD) {
      return select(v, min(v + floor(MOST_ADDED * abs(strength)) / 255.0, 1.0), level < 128.0);
    }
  }
  var base = 0.0;
  if (FULL) {
    if (kind == SHARPNESS) {
      base = smoothed(b, c, at);
    }
  }
  if (kind == SATURATION) {
    base = grey(b, at);
  }
  if (kind == CONTRAST) {
    for (var row = 0u; row < p.side; row++) {
      base += row_greys[b * p.side + row] / f32(p.side);
    }
  }
  return clamp(base + max(0.1, 1.0 + MOST_ENHANCEMENT * strength) * (v - base), 0.0, 1.0);
}

fn bits_lost(strength: f32) -> f32 {
  if (FULL) {
    return 4.0 + floor(MOST_BITS_LOST * strength);
  } else {
    return round(MOST_BITS_LOST * strength);
  }
}

// Pillow's filter SMOOTH: thirteenths, five of them the pixel itself. The outermost pixels stay as they are.
fn smoothed(b: u32, c: u32, at: u32) -> f32 {
  let v = unit(b, c, at);
  let x = vec2u(at % p.side, at / p.side);
  if (any(x == vec2u(0u)) || any(x == vec2u(p.side - 1u))) {
    return v;
  }
  var sum = 4.0 * v;
  for (var row = x.y - 1u; row <= x.y + 1u; row++) {
    for (var col = x.x - 1u; col <= x.x + 1u; col++) {
      sum += unit(b, c, row * p.side + col);
    }
  }
  return sum / 13.0;
}

const TONES = 258u;
var<workgroup> counts: array<atomic<u32>, 256>;

// A workgroup per plane counts its levels; its first lane reads off, as Pillow's equalize does, the new level of each,
// (step / 2 + pixels below it) / step in whole numbers, where step = (pixels without those of the greatest level) / 255.
@compute @workgroup_size(64)
fn tones(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let plane = group.x + group.y * 65535u;
  if (plane >= p.batch * p.channels) {
    return;
  }
  let area = p.side * p.side;
  for (var i = local; i < area; i += 64u) {
    let v = unit(plane / p.channels, plane % p.channels, i);
    atomicAdd(&counts[u32(floor(255.0 * v + 0.5))], 1u);
  }
  workgroupBarrier();
  if (local > 0u) {
    return;
  }
  var least = 255u;
  var greatest = 0u;
  for (var level = 0u; level < 256u; level++) {
    if (atomicLoad(&counts[level]) > 0u) {
      least = min(least, level);
      greatest = level;
    }
  }
  let step = (area - atomicLoad(&counts[greatest])) / 255u;
  var below = 0u;
  for (var level = 0u; level < 256u; level++) {
    let equal = min((step / 2u + below) / max(step, 1u), 255u);
    out[TONES * plane + level] = f32(select(equal, level, step == 0u)) / 255.0;
    below += atomicLoad(&counts[level]);
  }
  out[TONES * plane + 256u] = f32(least) / 255.0;
  out[TONES * plane + 257u] = f32(greatest) / 255.0;
}

// Mean grey of each row of each image, [batch, side].
@compute @workgroup_size(64)
fn greys(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.side) {
    return;
  }
  var sum = 0.0;
  for (var col = 0u; col < p.side; col++) {
    sum += grey(i / p.side, (i % p.side) * p.side + col);
  }
  out[i] = sum / f32(p.side);
}

fn grey(b: u32, at: u32) -> f32 {
  if (p.channels == 3u) {
    return 0.299 * unit(b, 0u, at) + 0.587 * unit(b, 1u, at) + 0.114 * unit(b, 2u, at);
  }
  return unit(b, 0u, at);
}

fn unit(b: u32, c: u32, at: u32) -> f32 {
  return clamp(images[(b * p.channels + c) * p.side * p.side + at] * deviation(c) + mean(c), 0.0, 1.0);
}

fn mean(c: u32) -> f32 {
  return select(select(p.mean_2, p.mean_1, c == 1u), p.mean_0, c == 0u);
}

fn deviation(c: u32) -> f32 {
  return select(select(p.deviation_2, p.deviation_1, c == 1u), p.deviation_0, c == 0u);
}

// Draws: which of both, U, V, column and row of the box. out [batch, 6].
@compute @workgroup_size(64)
fn mix_plan(@builtin(global_invocation_id) id: vec3u) {
  let b = id.x + id.y * 65535u * 64u;
  if (b >= m.batch) {
    return;
  }
  let cuts = m.cutmix > 0.0 && (m.mixup <= 0.0 || draws[5u * b] < 0.5);
  var share = 1.0;
  if (cuts || m.mixup > 0.0) {
    share = beta(select(m.mixup, m.cutmix, cuts), draws[5u * b + 1u], draws[5u * b + 2u]);
  }
  var weight = share;
  var box = vec4f(0.0);
  if (cuts) {
    let side = f32(m.side);
    let reach = floor(0.5 * floor(side * sqrt(1.0 - share)));
    let centre = floor(side * vec2f(draws[5u * b + 3u], draws[5u * b + 4u]));
    box = vec4f(max(centre - reach, vec2f(0.0)), min(centre + reach, vec2f(side)));
    weight = 1.0;
    share = 1.0 - (box.z - box.x) * (box.w - box.y) / (side * side);
  }
  out[6u * b] = share;
  out[6u * b + 1u] = weight;
  for (var i = 0u; i < 4u; i++) {
    out[6u * b + 2u + i] = box[i];
  }
}

// U = 1 - u is never 0; exponent and quotient are kept where f32 has room, which moves no result by more than 1e-6.
fn beta(a: f32, u: f32, v: f32) -> f32 {
  let c = cos(6.283185307179586 * (v - 0.5));
  let q = max((exp(min(-log(1.0 - u) / a, 60.0)) - 1.0) * c * c, 1.0e-12);
  return 0.5 + select(0.5, -0.5, c < 0.0) / sqrt(1.0 + 1.0 / q);
}

@compute @workgroup_size(64)
fn mix_images(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = m.side * m.side;
  let each = m.channels * area;
  if (i >= m.batch * each) {
    return;
  }
  let b = i / each;
  let x = f32(i % m.side);
  let y = f32((i % area) / m.side);
  var weight = plan[6u * b + 1u];
  if (x >= plan[6u * b + 2u] && y >= plan[6u * b + 3u] && x < plan[6u * b + 4u] && y < plan[6u * b + 5u]) {
    weight = 0.0;
  }
  out[i] = weight * images[i] + (1.0 - weight) * images[(m.batch - 1u - b) * each + i % each];
}

@compute @workgroup_size(64)
fn mix_targets(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= m.batch * m.classes) {
    return;
  }
  let b = i / m.classes;
  let share = plan[6u * b];
  let hits = vec2f(f32(labels[b] == i % m.classes), f32(labels[m.batch - 1u - b] == i % m.classes));
  out[i] = m.smoothing / f32(m.classes) + (1.0 - m.smoothing) * (share * hits.x + (1.0 - share) * hits.y);
}
