// Relative positions in attention, as ViTDet has them after MViTv2: apart for rows and columns.
//
//   logit(q, k) = q . k / sqrt(D) + q . R[row(q) - row(k) + S - 1] + q . C[column(q) - column(k) + S - 1]
//
// with learnt tables R and C [2 S - 1, D] for tokens on a grid of S x S.
//
// Trick. That is the product of wider heads, which attention.wgsl divides by the root of their width W:
//   q' = sqrt(W) [q / sqrt(D), q . R[row(q) - j + S - 1] for all j, q . C[column(q) - j + S - 1] for all j]
//   k' = [k, 1 where j = row(k), 1 where j = column(k)],  v' = [v, 0, 0],  W = D + 2 S, by fours.
// The heads of what comes out are cropped to D again.
//
//   extend          [q | k | v] of heads D wide to those of W
//   extend_gradient back
//   table_gradient  of R, or of C with COLUMNS, over a range of rows for each part
//   crop, pad       heads of W to those of D, and back with zeros
//
// Layout. Rows are tokens, image by image, in the order of windows of P x P that tile the grid; heads lie side by side in each of q, k
// and v. A lane owns one element of its output.
const COLUMNS = false;

struct Params {
  rows: u32,
  heads: u32,
  dim: u32, // D
  wide: u32, // W
  side: u32, // S
  window: u32, // P
  parts: u32,
  part: u32, // rows of each
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> r: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * 64u;
}

// Row and column of a token.
fn place(row: u32) -> vec2u {
  let t = row % (p.side * p.side);
  let across = p.side / p.window;
  let window = t / (p.window * p.window);
  let within = t % (p.window * p.window);
  return vec2u(window / across, window % across) * p.window + vec2u(within / p.window, within % p.window);
}

@compute @workgroup_size(64)
fn extend(@builtin(global_invocation_id) id: vec3u) {
  let e = index(id);
  let cols = 3u * p.heads * p.wide;
  if (e >= p.rows * cols) {
    return;
  }
  let row = e / cols;
  let head = e % cols / p.wide;
  let k = e % p.wide;
  let base = row * 3u * p.heads * p.dim + head * p.dim;
  let at = place(row);
  let query = head < p.heads;
  let key = !query && head < 2u * p.heads;
  var value = 0.0;
  if (k < p.dim) {
    value = x[base + k] * select(1.0, sqrt(f32(p.wide) / f32(p.dim)), query);
  } else if (k < p.dim + p.side) {
    let j = k - p.dim;
    if (query) {
      for (var i = 0u; i < p.dim; i++) {
        value += x[base + i] * r[(at.x + p.side - 1u - j) * p.dim + i];
      }
      value *= sqrt(f32(p.wide));
    } else if (key && j == at.x) {
      value = 1.0;
    }
  } else if (k < p.dim + 2u * p.side) {
    let j = k - p.dim - p.side;
    if (query) {
      for (var i = 0u; i < p.dim; i++) {
        value += x[base + i] * c[(at.y + p.side - 1u - j) * p.dim + i];
      }
      value *= sqrt(f32(p.wide));
    } else if (key && j == at.y) {
      value = 1.0;
    }
  }
  out[e] = value;
}

@compute @workgroup_size(64)
fn extend_gradient(@builtin(global_invocation_id) id: vec3u) {
  let e = index(id);
  let cols = 3u * p.heads * p.dim;
  if (e >= p.rows * cols) {
    return;
  }
  let row = e / cols;
  let head = e % cols / p.dim;
  let i = e % p.dim;
  let base = row * 3u * p.heads * p.wide + head * p.wide;
  if (head >= p.heads) {
    out[e] = g[base + i];
    return;
  }
  let at = place(row);
  var sum = 0.0;
  for (var j = 0u; j < p.side; j++) {
    sum += g[base + p.dim + j] * r[(at.x + p.side - 1u - j) * p.dim + i];
    sum += g[base + p.dim + p.side + j] * c[(at.y + p.side - 1u - j) * p.dim + i];
  }
  out[e] = sqrt(f32(p.wide)) * (g[base + i] / sqrt(f32(p.dim)) + sum);
}

@compute @workgroup_size(64)
fn table_gradient(@builtin(global_invocation_id) id: vec3u) {
  let e = index(id);
  let size = (2u * p.side - 1u) * p.dim;
  if (e >= p.parts * size) {
    return;
  }
  let begin = e / size * p.part;
  let distance = e % size / p.dim;
  let i = e % p.dim;
  var sum = 0.0;
  for (var row = begin; row < min(begin + p.part, p.rows); row++) {
    let at = place(row);
    // Below zero it is large as u32.
    let j = select(at.x, at.y, COLUMNS) + p.side - 1u - distance;
    if (j < p.side) {
      for (var head = 0u; head < p.heads; head++) {
        let q = x[row * 3u * p.heads * p.dim + head * p.dim + i];
        sum += q * g[row * 3u * p.heads * p.wide + head * p.wide + p.dim + select(0u, p.side, COLUMNS) + j];
      }
    }
  }
  out[e] = sqrt(f32(p.wide)) * sum;
}

@compute @workgroup_size(64)
fn crop(@builtin(global_invocation_id) id: vec3u) {
  let e = index(id);
  if (e < p.rows * p.heads * p.dim) {
    out[e] = x[e / p.dim * p.wide + e % p.dim];
  }
}

@compute @workgroup_size(64)
fn pad(@builtin(global_invocation_id) id: vec3u) {
  let e = index(id);
  if (e < p.rows * p.heads * p.wide) {
    let i = e % p.wide;
    out[e] = select(0.0, x[e / p.wide * p.dim + min(i, p.dim - 1u)], i < p.dim);
  }
}
