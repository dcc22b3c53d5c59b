// Merging tokens that are alike (ToMe): tokens at even places look for a partner among those at odd places, and the `merged` of
// highest likeness join theirs. The first LEAD tokens (class token, distillation token) neither join nor are joined.
//
//   metric    m[b, t] = keys of token t, averaged over the heads, of unit length
//   matching  best[b, i] = max over j of m[b, 2i] . m[b, 2j + 1], partner[b, i] = the first such j
//   place     to[b, t] = row that token t goes to: first those at even places that stay, in order, then those at odd places
//             (with LEAD = 2 the distillation token stays second)
//   merge     y[b, n] = sum of s x over the tokens that go to row n / sum of their sizes s
//   resize    size[b, n] = sum of s over them, and its logarithm
//   size_mean y[b] = sum over t >= LEAD of s[b, t] x[b, t] / sum of s[b, t]
//
// Layout. Keys lie in a matrix of `k_stride` columns, heads side by side; x [batch * tokens, cols]. Without SIZED every s is 1.
// Trick. A lane writes SLAB columns of a row, so that it looks up once where each token goes.
// Source: Bolya et al., "Token Merging: Your ViT but Faster", ICLR 2023; facebookresearch/ToMe, merge.py.
const LEAD = 1u;
const SIZED = false;
const SLAB = 32u;

struct Params {
  batch: u32,
  tokens: u32,
  merged: u32,
  heads: u32,
  head: u32, // floats per head
  cols: u32,
  k_offset: u32,
  k_stride: u32,
  x_offset: u32,
  x_stride: u32,
}

@group(0) @binding(0) var<storage, read> keys: array<f32>;
@group(0) @binding(1) var<storage, read_write> unit: array<f32>;
@group(0) @binding(2) var<storage, read> metric_in: array<f32>;
@group(0) @binding(3) var<storage, read_write> best: array<f32>;
@group(0) @binding(4) var<storage, read_write> partner: array<u32>;
@group(0) @binding(5) var<storage, read> partner_in: array<u32>;
@group(0) @binding(6) var<storage, read> chosen: array<u32>;
@group(0) @binding(7) var<storage, read_write> to: array<u32>;
@group(0) @binding(8) var<storage, read> to_in: array<u32>;
@group(0) @binding(9) var<storage, read> sizes: array<f32>;
@group(0) @binding(10) var<storage, read> x: array<f32>;
@group(0) @binding(11) var<storage, read_write> out: array<f32>;
@group(0) @binding(12) var<storage, read_write> logs: array<f32>;
@group(0) @binding(13) var<uniform> p: Params;

fn size_of(at: u32) -> f32 {
  if (SIZED) {
    return sizes[at];
  } else {
    return 1.0;
  }
}

@compute @workgroup_size(64)
fn metric(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.tokens) {
    return;
  }
  let row = p.k_offset + i * p.k_stride;
  var square = 0.0;
  for (var e = 0u; e < p.head; e++) {
    var sum = 0.0;
    for (var h = 0u; h < p.heads; h++) {
      sum += keys[row + h * p.head + e];
    }
    let mean = sum / f32(p.heads);
    unit[i * p.head + e] = mean;
    square += mean * mean;
  }
  let scale = inverseSqrt(max(square, 1.0e-30));
  for (var e = 0u; e < p.head; e++) {
    unit[i * p.head + e] *= scale;
  }
}

@compute @workgroup_size(64)
fn matching(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let evens = (p.tokens + 1u) / 2u;
  if (i >= p.batch * evens) {
    return;
  }
  let start = (i / evens) * p.tokens;
  var top = -3.0e38;
  var found = 0u;
  for (var j = LEAD - 1u; j < p.tokens / 2u; j++) {
    var alike = 0.0;
    for (var e = 0u; e < p.head; e++) {
      alike += metric_in[(start + 2u * (i % evens)) * p.head + e] * metric_in[(start + 2u * j + 1u) * p.head + e];
    }
    if (alike > top) {
      top = alike;
      found = j;
    }
  }
  // The class token comes last of all.
  best[i] = select(top, -3.0e38, i % evens == 0u);
  partner[i] = found;
}

fn row_of_odd(j: u32) -> u32 {
  if (LEAD == 2u) {
    if (j == 0u) {
      return 1u;
    }
  }
  return (p.tokens + 1u) / 2u - p.merged + j;
}

@compute @workgroup_size(64)
fn place(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.tokens) {
    return;
  }
  let image = i / p.tokens;
  let token = i % p.tokens;
  if (token % 2u == 1u) {
    to[i] = row_of_odd(token / 2u);
    return;
  }
  let even = token / 2u;
  var before = 0u; // of those that join another, how many come before it
  var joins = false;
  for (var c = 0u; c < p.merged; c++) {
    let other = chosen[image * p.merged + c];
    before += select(0u, 1u, other < even);
    joins = joins || other == even;
  }
  if (joins) {
    to[i] = row_of_odd(partner_in[image * ((p.tokens + 1u) / 2u) + even]);
  } else {
    to[i] = even - before + select(0u, LEAD - 1u, even > 0u);
  }
}

@compute @workgroup_size(64)
fn merge(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let slabs = (p.cols + SLAB - 1u) / SLAB;
  let left = p.tokens - p.merged;
  let row = i / slabs;
  if (row >= p.batch * left) {
    return;
  }
  let first = (i % slabs) * SLAB;
  let end = min(first + SLAB, p.cols);
  let start = (row / left) * p.tokens;
  var total = 0.0;
  for (var t = 0u; t < p.tokens; t++) {
    if (to_in[start + t] == row % left) {
      let s = size_of(start + t);
      for (var c = first; c < end; c++) {
        let v = s * x[p.x_offset + (start + t) * p.x_stride + c];
        out[row * p.cols + c] = v + select(out[row * p.cols + c], 0.0, total == 0.0);
      }
      total += s;
    }
  }
  for (var c = first; c < end; c++) {
    out[row * p.cols + c] /= total;
  }
}

@compute @workgroup_size(64)
fn resize(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x + id.y * 65535u * 64u;
  let left = p.tokens - p.merged;
  if (row >= p.batch * left) {
    return;
  }
  let start = (row / left) * p.tokens;
  var total = 0.0;
  for (var t = 0u; t < p.tokens; t++) {
    total += select(0.0, size_of(start + t), to_in[start + t] == row % left);
  }
  out[row] = total;
  logs[row] = log(total);
}

@compute @workgroup_size(64)
fn size_mean(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.cols) {
    return;
  }
  let start = (i / p.cols) * p.tokens;
  var sum = 0.0;
  var total = 0.0;
  for (var t = LEAD; t < p.tokens; t++) {
    sum += size_of(start + t) * x[p.x_offset + (start + t) * p.x_stride + i % p.cols];
    total += size_of(start + t);
  }
  out[i] = sum / total;
}
