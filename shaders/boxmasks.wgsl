// Where ground-truth boxes lie on a feature map, weighted as FGD does: small objects count as much as large ones.
//
//   foreground  f = max over the boxes that cover a pixel of 1 / ((h + 1) (w + 1)), 0 where there is none
//   background  1 / n where f = 0, n such pixels in the image; else 0
//
// Layout. Boxes are [batch, slots, 4], x1 y1 x2 y2 in pixels of a square image of `side`; a slot without width or height is
// empty. On the map a box covers columns floor(x1 width / side) to ceil(x2 width / side), both inclusive, h + 1 by w + 1 pixels
// also where the border cuts it. Masks are [batch, height, width], one lane per pixel; background counts anew in every lane.
struct Params {
  batch: u32,
  slots: u32,
  side: f32,
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> boxes: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn foreground(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let pixels = p.height * p.width;
  if (i >= p.batch * pixels) {
    return;
  }
  let at = vec2f(f32(i % p.width), f32((i % pixels) / p.width));
  let scale = vec2f(f32(p.width), f32(p.height)) / p.side;
  var found = 0.0;
  for (var slot = 0u; slot < p.slots; slot++) {
    let b = 4u * ((i / pixels) * p.slots + slot);
    let low = vec2f(boxes[b], boxes[b + 1u]);
    let high = vec2f(boxes[b + 2u], boxes[b + 3u]);
    let first = floor(low * scale);
    let last = ceil(high * scale);
    if (all(high > low) && all(at >= first) && all(at <= last)) {
      found = max(found, 1.0 / ((last.x + 1.0 - first.x) * (last.y + 1.0 - first.y)));
    }
  }
  out[i] = found;
}

@compute @workgroup_size(64)
fn background(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let pixels = p.height * p.width;
  if (i >= p.batch * pixels) {
    return;
  }
  let first = (i / pixels) * pixels;
  var count = 0u;
  for (var pixel = first; pixel < first + pixels; pixel++) {
    count += select(0u, 1u, mask[pixel] == 0.0);
  }
  out[i] = select(0.0, 1.0 / f32(max(count, 1u)), mask[i] == 0.0);
}
