// Element-by-element kernels that have no larger kernel to ride in.
//
//   add_rows  out[r,c] = a[r,c] + (every divides r ? b[r/every, c] : 0)      rows may lie any distance apart
//   sum_parts out[i] = b[i] + b[cols + i] + b[2 cols + i] + ...              `rows` of them
//   multiply  out[r,c] = factor[0] b[r,c]
//   copy_blocks  out[64 to[i] + ..] = b[64 i + ..] for blocks of 64, but for those that go NOWHERE
const A = true;

struct Params {
  rows: u32,
  cols: u32,
  a_offset: u32,
  a_stride: u32,
  b_offset: u32,
  b_stride: u32,
  every: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
@group(0) @binding(4) var<storage, read> factor: array<f32>;
@group(0) @binding(5) var<storage, read> b4: array<vec4f>;
@group(0) @binding(6) var<storage, read> to: array<u32>;
@group(0) @binding(7) var<storage, read_write> out4: array<vec4f>;

const NOWHERE = 0xffffffffu;

@compute @workgroup_size(64)
fn add_rows(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let col = i % p.cols;
  var v = 0.0;
  if (A) {
    v = a[p.a_offset + row * p.a_stride + col];
  }
  if (row % p.every == 0u) {
    v += b[p.b_offset + (row / p.every) * p.b_stride + col];
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn sum_parts(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.cols) {
    var sum = 0.0;
    for (var part = 0u; part < p.rows; part++) {
      sum += b[part * p.cols + i];
    }
    out[i] = sum;
  }
}

@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * p.cols) {
    out[i] = factor[0] * b[p.b_offset + (i / p.cols) * p.b_stride + i % p.cols];
  }
}

// `rows` blocks, a lane for each four numbers.
@compute @workgroup_size(64)
fn copy_blocks(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * 16u) {
    let block = to[i / 16u];
    if (block != NOWHERE) {
      out4[block * 16u + i % 16u] = b4[i];
    }
  }
}
