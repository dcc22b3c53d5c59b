// Attention whose matrix is stored, because its heads talk to each other: products over the parts of each head, heads last.
//
//   pairs    out[b, i, j, h] = scale sum over e of left[b, i, h, e] right[b, j, h, e]
//   spread   out[b, i, h, e] = scale sum over j of weights[b, i, j, h] right[b, j, h, e]
//   collect  out[b, j, h, e] = scale sum over i of weights[b, i, j, h] left[b, i, h, e]
//   swap     out[p, y, x] = left[p, x, y]
//
// Each is the gradient of another. Layout. left [batch * n, heads * head] and right [batch * m, heads * head], rows any distance
// apart; weights [batch * n, m, heads] and results without gaps. For swap, left is [batch, n, m]. With ADD, `other` is added.
// Source: Touvron et al., "Going deeper with image transformers", 2021; talking heads after Shazeer et al. 2020.
const ADD = false;

struct Params {
  batch: u32,
  n: u32,
  m: u32,
  heads: u32,
  head: u32, // floats per head
  scale: f32,
  left_offset: u32,
  left_stride: u32,
  right_offset: u32,
  right_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  cols: u32, // of the result
}

@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

fn write(i: u32, value: f32) {
  var v = value;
  if (ADD) {
    let row = i / p.cols;
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + i % p.cols];
    }
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn pairs(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.n * p.m * p.heads) {
    return;
  }
  let h = i % p.heads;
  let row = i / p.heads / p.m;
  let j = (i / p.heads) % p.m;
  let a = p.left_offset + row * p.left_stride + h * p.head;
  let b = p.right_offset + ((row / p.n) * p.m + j) * p.right_stride + h * p.head;
  var sum = 0.0;
  for (var e = 0u; e < p.head; e++) {
    sum += left[a + e] * right[b + e];
  }
  write(i, sum * p.scale);
}

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let inner = p.heads * p.head;
  if (i >= p.batch * p.n * inner) {
    return;
  }
  let row = i / inner;
  let c = i % inner;
  var sum = 0.0;
  for (var j = 0u; j < p.m; j++) {
    let w = weights[(row * p.m + j) * p.heads + c / p.head];
    sum += w * right[p.right_offset + ((row / p.n) * p.m + j) * p.right_stride + c];
  }
  write(i, sum * p.scale);
}

@compute @workgroup_size(64)
fn collect(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let inner = p.heads * p.head;
  if (i >= p.batch * p.m * inner) {
    return;
  }
  let image = i / inner / p.m;
  let j = (i / inner) % p.m;
  let c = i % inner;
  var sum = 0.0;
  for (var q = 0u; q < p.n; q++) {
    let row = image * p.n + q;
    sum += weights[(row * p.m + j) * p.heads + c / p.head] * left[p.left_offset + row * p.left_stride + c];
  }
  write(i, sum * p.scale);
}

@compute @workgroup_size(64)
fn swap(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.n * p.m) {
    return;
  }
  let plane = i / (p.n * p.m);
  let y = (i / p.n) % p.m;
  let x = i % p.n;
  write(i, left[(plane * p.n + x) * p.m + y]);
}
