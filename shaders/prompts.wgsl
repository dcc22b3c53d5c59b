// FreeKD's prompts while they are learned: masks of a wavelet level's bands, features put together again from what the masks leave, and
// the Dice penalty on masks that look alike.
//
//   masks             m[block, t] = sigmoid(sum_c P[t, c] s[block, c]); s is the sum of bands 1 to 3, with LOW band 0
//   prompts_gradient  dP[t, c] = sum over blocks of g m (1 - m) s[c]; one lane per number
//   inverse           the transform undone, each band times w = sum_t m[block, t]: pixel = (l + sum over bands 1 to 3 of sign w x) / 2;
//                     l is the low band as the next level left it, with LOW band 0 times the w of its own masks
//   masks_gradient    dm[block, t] = sum over bands 1 to 3 (with LOW band 0) and c of x y; y are the bands of the gradient of the map
//   gram              G[image, i, j] = sum over blocks of m_i m_j
//   dice              rows[image] = scale sum over i != j of 2 G_ij / (G_ii + G_jj + 2e-12)
//   dice_gradient     dm_i = weight scale 2 sum over j != i of (2 m_j / n - 4 G_ij m_i / n^2), n = G_ii + G_jj + 2e-12
//
// Layout. Bands x [batch, half, half, 4, cols] as haar.wgsl leaves them; masks [blocks, prompt_count], blocks_per_image of them for each
// image. Maps are [batch, height, width, cols].
const LOW = false;
const ADD = false;

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  cols: u32,
  prompt_count: u32,
  blocks_per_image: u32,
  low_offset: u32,
  low_stride: u32,
  weight: f32,
  scale: f32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> prompts: array<f32>;
@group(0) @binding(3) var<storage, read> masks_in: array<f32>;
@group(0) @binding(4) var<storage, read> low: array<f32>;
@group(0) @binding(5) var<storage, read> g: array<f32>;
@group(0) @binding(6) var<storage, read> other: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

const TINY = 1e-12;

// The gradient that is there already.
fn earlier(p: Params, row: u32, col: u32) -> f32 {
  var v = 0.0;
  if (ADD) {
    if (row % p.add_every == 0u) {
      v = other[p.add_offset + (row / p.add_every) * p.add_stride + col];
    }
  }
  return v;
}

// What the prompts look at: s of a block and channel.
fn asked(p: Params, block: u32, c: u32) -> f32 {
  let at = 4u * block * p.cols + c;
  if (LOW) {
    return x[at];
  } else {
    return x[at + p.cols] + x[at + 2u * p.cols] + x[at + 3u * p.cols];
  }
}

@compute @workgroup_size(64)
fn masks(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.blocks_per_image * p.prompt_count) {
    return;
  }
  let t = i % p.prompt_count;
  var dot = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    dot += prompts[t * p.cols + c] * asked(p, i / p.prompt_count, c);
  }
  out[i] = 1.0 / (1.0 + exp(-dot));
}

@compute @workgroup_size(64)
fn prompts_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.prompt_count * p.cols) {
    return;
  }
  let t = i / p.cols;
  let c = i % p.cols;
  var sum = 0.0;
  for (var block = 0u; block < p.batch * p.blocks_per_image; block++) {
    let m = masks_in[block * p.prompt_count + t];
    sum += g[block * p.prompt_count + t] * m * (1.0 - m) * asked(p, block, c);
  }
  out[i] = sum + earlier(p, t, c);
}

fn weight_of(p: Params, block: u32) -> f32 {
  var w = 0.0;
  for (var t = 0u; t < p.prompt_count; t++) {
    w += masks_in[block * p.prompt_count + t];
  }
  return w;
}

@compute @workgroup_size(64)
fn inverse(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.height * p.width * p.cols) {
    return;
  }
  let c = i % p.cols;
  let pixel = i / p.cols;
  let column = pixel % p.width;
  let row = (pixel / p.width) % p.height;
  let block = ((pixel / p.width / p.height) * ((p.height + 1u) / 2u) + row / 2u) * ((p.width + 1u) / 2u) + column / 2u;
  let at = 4u * block * p.cols + c;
  let above = select(1.0, -1.0, row % 2u == 1u);
  let left = select(1.0, -1.0, column % 2u == 1u);
  let details = above * x[at + p.cols] + left * x[at + 2u * p.cols] + above * left * x[at + 3u * p.cols];
  out[i] = 0.5 * (low[p.low_offset + block * p.low_stride + c] + weight_of(p, block) * details);
}

// Band 0 of a block times the sum of its masks: what the coarsest level leaves of what is low.
@compute @workgroup_size(64)
fn low_band(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.blocks_per_image * p.cols) {
    return;
  }
  let block = i / p.cols;
  out[i] = weight_of(p, block) * x[4u * block * p.cols + i % p.cols];
}

// Of low_band y is the gradient itself, [blocks, cols].
@compute @workgroup_size(64)
fn masks_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let block = id.x + id.y * 65535u * 64u;
  if (block >= p.batch * p.blocks_per_image) {
    return;
  }
  let at = 4u * block * p.cols;
  var sum = 0.0;
  if (LOW) {
    for (var c = 0u; c < p.cols; c++) {
      sum += x[at + c] * y[block * p.cols + c];
    }
  } else {
    for (var c = p.cols; c < 4u * p.cols; c++) {
      sum += x[at + c] * y[at + c];
    }
  }
  for (var t = 0u; t < p.prompt_count; t++) {
    out[block * p.prompt_count + t] = sum + earlier(p, block, t);
  }
}

@compute @workgroup_size(64)
fn gram(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let n = p.prompt_count;
  if (id.x >= p.batch * n * n) {
    return;
  }
  let first = (id.x / (n * n)) * p.blocks_per_image;
  let i = (id.x / n) % n;
  let j = id.x % n;
  var sum = 0.0;
  for (var block = first; block < first + p.blocks_per_image; block++) {
    sum += masks_in[block * n + i] * masks_in[block * n + j];
  }
  out[id.x] = sum;
}

// Binding x holds the Gram matrices here.
@compute @workgroup_size(64)
fn dice(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let n = p.prompt_count;
  if (id.x >= p.batch) {
    return;
  }
  let at = id.x * n * n;
  var sum = 0.0;
  for (var i = 0u; i < n; i++) {
    for (var j = 0u; j < n; j++) {
      if (i != j) {
        sum += 2.0 * x[at + i * n + j] / (x[at + i * n + i] + x[at + j * n + j] + 2.0 * TINY);
      }
    }
  }
  out[id.x] = p.scale * sum;
}

// And here.
@compute @workgroup_size(64)
fn dice_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let n = p.prompt_count;
  let at = id.x + id.y * 65535u * 64u;
  if (at >= p.batch * p.blocks_per_image * n) {
    return;
  }
  let block = at / n;
  let i = at % n;
  let matrix = (block / p.blocks_per_image) * n * n;
  let m = masks_in[at];
  var sum = 0.0;
  for (var j = 0u; j < n; j++) {
    if (j != i) {
      let norms = x[matrix + i * n + i] + x[matrix + j * n + j] + 2.0 * TINY;
      sum += 2.0 * masks_in[block * n + j] / norms - 4.0 * x[matrix + i * n + j] * m / (norms * norms);
    }
  }
  out[at] = 2.0 * p.weight * p.scale * sum + earlier(p, block, i);
}
