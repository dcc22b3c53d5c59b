// Light augmentation: each image is shifted by up to `reach` pixels and, half of the time, mirrored left to right.
//
// draws[b] holds three uniform numbers per image (dx, dy, mirror), made by random.wgsl, so that a step's augmentation is a
// function of the seed and the step alone. Pixels from outside the image repeat its border.
struct Params {
  batch: u32,
  channels: u32,
  side: u32,
  reach: u32,
}

@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

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
  out[i] = images[(i / area) * area + u32(place.y) * p.side + u32(place.x)];
}
