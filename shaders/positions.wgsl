// Position embeddings of one square grid of patches, made to fit another: row 0 (the class token's) stays, the others are
// interpolated bicubically over the plane, each column of its own.
//
//   forward   out[1 + o] = sum_i w(o_y, i_y) w(o_x, i_x) pos[1 + i]
//   backward  dpos[1 + i] = sum_o w(o_y, i_y) w(o_x, i_x) g[1 + o]
//   w(o, i) = sum over the four taps t = -1..2 of cubic(t - f) where clamp(floor(s) + t) = i,  s = (o + 1/2) from / to - 1/2,
//   f = s - floor(s); cubic is Keys' convolution kernel with a = -3/4.
//
// Layout. pos [1 + from^2, width] and out [1 + to^2, width] dense; one lane owns one element of its output.
// Source: `interpolate_pos_encoding` of DINO (vision_transformer.py), which calls PyTorch's bicubic interpolation: half-pixel
// centres, border repeated. Grids have at most some hundred places, so a lane may weigh all of them.
struct Params {
  from_side: u32,
  to_side: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

const A = -0.75;

fn cubic(distance: f32) -> f32 {
  let d = abs(distance);
  if (d <= 1.0) {
    return ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
  }
  return A * (((d - 5.0) * d + 8.0) * d - 4.0);
}

fn weight(o: u32, i: u32) -> f32 {
  let s = (f32(o) + 0.5) * f32(p.from_side) / f32(p.to_side) - 0.5;
  let base = floor(s);
  var sum = 0.0;
  for (var t = -1; t <= 2; t++) {
    if (u32(clamp(i32(base) + t, 0, i32(p.from_side) - 1)) == i) {
      sum += cubic(f32(t) - (s - base));
    }
  }
  return sum;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let e = id.x + id.y * 65535u * 64u;
  if (e >= (1u + p.to_side * p.to_side) * p.width) {
    return;
  }
  if (e < p.width) {
    out[e] = x[e];
    return;
  }
  let o = e / p.width - 1u;
  var sum = 0.0;
  for (var row = 0u; row < p.from_side; row++) {
    var line = 0.0;
    for (var col = 0u; col < p.from_side; col++) {
      line += weight(o % p.to_side, col) * x[(1u + row * p.from_side + col) * p.width + e % p.width];
    }
    sum += weight(o / p.to_side, row) * line;
  }
  out[e] = sum;
}

// Binding x holds the gradient of the result here.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let e = id.x + id.y * 65535u * 64u;
  if (e >= (1u + p.from_side * p.from_side) * p.width) {
    return;
  }
  if (e < p.width) {
    out[e] = x[e];
    return;
  }
  let i = e / p.width - 1u;
  var sum = 0.0;
  for (var row = 0u; row < p.to_side; row++) {
    var line = 0.0;
    for (var col = 0u; col < p.to_side; col++) {
      line += weight(col, i % p.from_side) * x[(1u + row * p.to_side + col) * p.width + e % p.width];
    }
    sum += weight(row, i / p.from_side) * line;
  }
  out[e] = sum;
}
