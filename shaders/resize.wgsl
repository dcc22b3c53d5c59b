// Bilinear resize of the last two axes, [planes, h, w] -> [planes, out_h, out_w], and its gradient.
//
//   s(i) = clamp(start + i step, 0, size - 1)        output i reads input coordinate s(i), on each axis
//   out[i, j] = sum over y, x of w(s(i) - y) w(s(j) - x) in[y, x]        w(d) = max(0, 1 - |d|)
//
// Half-pixel centres (align_corners = false) are step = size / out_size, start = step / 2 - 1/2.
// Layout. Rows of the input may lie any distance apart, results are dense; planes of several channels or images are one
// axis.
// Trick. The gradient is a gather too: input (y, x) sums over the outputs that read it. Those lie within one input pixel
// of it, which bounds the loop; at the border, where clamping makes any number of outputs read the last pixel, the loop
// runs to the edge. The bounds may be one too wide: w is zero there.
const ADD = false;

struct Params {
  planes: u32,
  h: u32,
  w: u32,
  out_h: u32,
  out_w: u32,
  start_y: f32,
  step_y: f32,
  start_x: f32,
  step_x: f32,
  x_offset: u32, // of the input, or of the output's gradient in backward
  x_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> image: array<f32>;
@group(0) @binding(1) var<storage, read> other: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn source(i: u32, start: f32, step: f32, size: u32) -> f32 {
  return clamp(start + f32(i) * step, 0.0, f32(size - 1u));
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.planes * p.out_h * p.out_w) {
    return;
  }
  let row = i / p.out_w;
  let y = source(row % p.out_h, p.start_y, p.step_y, p.h);
  let z = source(i % p.out_w, p.start_x, p.step_x, p.w);
  let y0 = u32(y);
  let z0 = u32(z);
  let z1 = min(z0 + 1u, p.w - 1u);
  let above = p.x_offset + ((row / p.out_h) * p.h + y0) * p.x_stride;
  let below = above + (min(y0 + 1u, p.h - 1u) - y0) * p.x_stride;
  let right = z - f32(z0);
  let top = (1.0 - right) * image[above + z0] + right * image[above + z1];
  let bottom = (1.0 - right) * image[below + z0] + right * image[below + z1];
  let down = y - f32(y0);
  out[i] = (1.0 - down) * top + down * bottom;
}

// The first and one past the last output that may read input `at`.
fn lookers(at: u32, start: f32, step: f32, size: u32, count: u32) -> vec2u {
  let near = (vec2f(f32(at)) + vec2f(-1.0, 1.0) - start) / step;
  let range = vec2u(clamp(vec2f(floor(near.x), ceil(near.y) + 1.0), vec2f(0.0), vec2f(f32(count))));
  return select(range, vec2u(0u, count), vec2<bool>(at == 0u, at == size - 1u));
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.planes * p.h * p.w) {
    return;
  }
  let row = i / p.w;
  let y = row % p.h;
  let z = i % p.w;
  let plane = p.x_offset + (row / p.h) * p.out_h * p.x_stride;
  let rows = lookers(y, p.start_y, p.step_y, p.h, p.out_h);
  let cols = lookers(z, p.start_x, p.step_x, p.w, p.out_w);
  var sum = 0.0;
  for (var r = rows.x; r < rows.y; r++) {
    let down = max(0.0, 1.0 - abs(source(r, p.start_y, p.step_y, p.h) - f32(y)));
    var line = 0.0;
    for (var c = cols.x; c < cols.y; c++) {
      let right = max(0.0, 1.0 - abs(source(c, p.start_x, p.step_x, p.w) - f32(z)));
      line += right * image[plane + r * p.x_stride + c];
    }
    sum += down * line;
  }
  if (ADD) {
    if (row % p.add_every == 0u) {
      sum += other[p.add_offset + (row / p.add_every) * p.add_stride + z];
    }
  }
  out[i] = sum;
}
