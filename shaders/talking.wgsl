// Attention whose matrix is stored, because its heads talk to each other: products over the parts of each head, and the talk.
//
//   pairs         out[b, i, h, j] = scale sum over e of left[b, i, h, e] right[b, j, h, e]
//   sums          out[b, i, h, e] = scale sum over j of weights[b, i, h, j] right[b, j, h, e]
//                 TURNED: out[b, j, h, e] = scale sum over i of weights[b, i, h, j] right[b, i, h, e]
//   talk          out[r, g, j] = bias[g] + sum over h of mixing[g, h] weights[r, h, j]
//                 TURNED, its gradient: out[r, h, j] = sum over g of mixing[g, h] weights[r, g, j]
//   talk_weights  for each part of the rows: out[g, h] = sum over r and j of g[r, g, j] weights[r, h, j], sums[g] = sum over r and j of g[r, g, j]
//
// The first two are gradients of each other. Layout. left [batch * n, heads * head] and right [batch * m, heads * head], rows any distance
// apart; weights [batch * n, heads, m] and results without gaps. With ADD, `other` is added.
// Source: Touvron et al., "Going deeper with image transformers", 2021; talking heads after Shazeer et al. 2020.
//
// Trick. Loads cost most on software adapters. A lane keeps ROWS rows of the result; with QUAD the four lanes of a quad need the same rows of
// `right`, so each loads a quarter of them and the quad passes them on. Rows beyond the last are computed as the last and not written.
enable subgroups;

const ADD = false;
const TURNED = false;
const QUAD = true;
const LEFT_VEC = true; // parts of heads begin at multiples of four and fill fours; if not, four floats are loaded one by one
const RIGHT_VEC = true;
const WEIGHTS_VEC = true; // so do rows of weights
const ROWS = 4u;
const HEAD = 16u; // floats of a head, of which V4 fours
const V4 = 4u;
const HEADS = 4u; // talk
const AT_ONCE = 4u; // talk_weights: rows of `out` that a lane sums
const SUMS = 16u; // AT_ONCE HEADS
const WORKGROUP = 64u;
const TILE = 16u; // ROWS times the fours a row has: 2 of pairs, V4 of sums

struct Params {
  batch: u32,
  n: u32,
  m: u32,
  heads: u32,
  scale: f32,
  left_offset: u32,
  left_stride: u32,
  right_offset: u32,
  right_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
  cols: u32, // of the result
  part: u32, // talk_weights: rows of a part
}

@group(0) @binding(0) var<storage, read> left4: array<vec4f>;
@group(0) @binding(1) var<storage, read> left1: array<f32>;
@group(0) @binding(2) var<storage, read> right4: array<vec4f>;
@group(0) @binding(3) var<storage, read> right1: array<f32>;
@group(0) @binding(4) var<storage, read> weights4: array<vec4f>;
@group(0) @binding(5) var<storage, read> weights1: array<f32>;
@group(0) @binding(6) var<storage, read> g4: array<vec4f>;
@group(0) @binding(7) var<storage, read> g1: array<f32>;
@group(0) @binding(8) var<storage, read> mixing: array<f32>;
@group(0) @binding(9) var<storage, read> bias: array<f32>;
@group(0) @binding(10) var<storage, read> other: array<f32>;
@group(0) @binding(11) var<storage, read_write> out: array<f32>;
@group(0) @binding(12) var<storage, read_write> sums_out: array<f32>;
@group(0) @binding(13) var<uniform> p: Params;

// Four floats of which `count` are inside; zero stands for the others.
fn inside(a: f32, b: f32, c: f32, d: f32, count: u32) -> vec4f {
  return select(vec4f(), vec4f(a, b, c, d), vec4u(0u, 1u, 2u, 3u) < vec4u(count));
}

// Floats 4 e .. of a head's part that begins at `at`.
fn left_part(at: u32, e: u32) -> vec4f {
  if (LEFT_VEC) {
    return left4[at / 4u + e];
  } else {
    let i = at + 4u * e;
    let last = at + HEAD - 1u;
    return inside(left1[i], left1[min(i + 1u, last)], left1[min(i + 2u, last)], left1[min(i + 3u, last)], HEAD - 4u * e);
  }
}

fn right_part(at: u32, e: u32) -> vec4f {
  if (RIGHT_VEC) {
    return right4[at / 4u + e];
  } else {
    let i = at + 4u * e;
    let last = at + HEAD - 1u;
    return inside(right1[i], right1[min(i + 1u, last)], right1[min(i + 2u, last)], right1[min(i + 3u, last)], HEAD - 4u * e);
  }
}

// Columns j .. j + 3 of a row of weights that begins at `at`.
fn weights_part(at: u32, j: u32) -> vec4f {
  if (WEIGHTS_VEC) {
    return weights4[(at + j) / 4u];
  } else {
    let last = at + p.m - 1u;
    let i = at + j;
    return inside(weights1[min(i, last)], weights1[min(i + 1u, last)], weights1[min(i + 2u, last)], weights1[min(i + 3u, last)], p.m - j);
  }
}

fn g_part(at: u32, j: u32) -> vec4f {
  if (WEIGHTS_VEC) {
    return g4[(at + j) / 4u];
  } else {
    let last = at + p.m - 1u;
    let i = at + j;
    return inside(g1[min(i, last)], g1[min(i + 1u, last)], g1[min(i + 2u, last)], g1[min(i + 3u, last)], p.m - j);
  }
}

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

// Those of four floats that are inside.
fn write_four(at: u32, value: vec4f, count: u32) {
  for (var k = 0u; k < 4u; k++) { // unroll
    if (k < count) {
      write(at + k, value[k]);
    }
  }
}

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * WORKGROUP;
}

@compute @workgroup_size(WORKGROUP)
fn pairs(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  var team = index(id);
  var lane = 0u;
  var lanes = 1u;
  if (QUAD) {
    team = team / 4u;
    lane = local & 3u;
    lanes = 4u;
  }
  let across = (p.m + 7u) / 8u;
  let down = (p.n + ROWS * lanes - 1u) / (ROWS * lanes);
  let h = team % p.heads;
  let j = team / p.heads % across * 8u;
  let i = (team / p.heads / across % down * lanes + lane) * ROWS;
  let image = team / p.heads / across / down;
  // Lanes beyond the end go along, since quads are asked for.
  let known = min(image, p.batch - 1u);
  let a = p.left_offset + h * HEAD;
  let b = p.right_offset + known * p.m * p.right_stride + h * HEAD;
  var acc: array<vec4f, TILE>;
  for (var e = 0u; e < V4; e++) {
    var columns: array<mat4x4f, 2>;
    for (var c = 0u; c < 2u; c++) { // unroll
      let first = j + 4u * c;
      if (QUAD) {
        let mine = right_part(b + min(first + lane, p.m - 1u) * p.right_stride, e);
        columns[c] = mat4x4f(quadBroadcast(mine, 0u), quadBroadcast(mine, 1u), quadBroadcast(mine, 2u), quadBroadcast(mine, 3u));
      } else {
        for (var k = 0u; k < 4u; k++) { // unroll
          columns[c][k] = right_part(b + min(first + k, p.m - 1u) * p.right_stride, e);
        }
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let row = left_part(a + (known * p.n + min(i + r, p.n - 1u)) * p.left_stride, e);
      for (var c = 0u; c < 2u; c++) { // unroll
        acc[r * 2u + c] += row * columns[c];
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    for (var c = 0u; c < 2u; c++) { // unroll
      let first = j + 4u * c;
      if (image < p.batch && i + r < p.n && first < p.m) {
        write_four(((image * p.n + i + r) * p.heads + h) * p.m + first, acc[r * 2u + c] * p.scale, p.m - first);
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn sums(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) local: u32) {
  var team = index(id);
  var lane = 0u;
  var lanes = 1u;
  if (QUAD) {
    team = team / 4u;
    lane = local & 3u;
    lanes = 4u;
  }
  var rows = p.n;
  var count = p.m;
  if (TURNED) {
    rows = p.m;
    count = p.n;
  }
  let down = (rows + ROWS * lanes - 1u) / (ROWS * lanes);
  let h = team % p.heads;
  let y = (team / p.heads % down * lanes + lane) * ROWS;
  let image = team / p.heads / down;
  let known = min(image, p.batch - 1u);
  let b = p.right_offset + known * count * p.right_stride + h * HEAD;
  let line = p.heads * p.m;
  let first = known * p.n * line + h * p.m;
  var acc: array<vec4f, TILE>;
  for (var x = 0u; x < count; x += 4u) {
    // Four summands' weights of the lane's rows: a column for each summand.
    var w: array<vec4f, ROWS>;
    if (TURNED) {
      for (var k = 0u; k < 4u; k++) { // unroll
        let four = weights_part(first + min(x + k, count - 1u) * line, min(y, (p.m - 1u) / 4u * 4u));
        for (var r = 0u; r < ROWS; r++) { // unroll
          w[r][k] = four[r];
        }
      }
    } else {
      for (var r = 0u; r < ROWS; r++) { // unroll
        w[r] = weights_part(first + min(y + r, rows - 1u) * line, x);
      }
    }
    var mine: array<vec4f, V4>;
    if (QUAD) {
      for (var e = 0u; e < V4; e++) { // unroll
        mine[e] = right_part(b + min(x + lane, count - 1u) * p.right_stride, e);
      }
    }
    for (var k = 0u; k < 4u; k++) { // unroll
      let there = x + k < count;
      for (var e = 0u; e < V4; e++) { // unroll
        var value: vec4f;
        if (QUAD) {
          value = quadBroadcast(mine[e], k);
        } else {
          value = right_part(b + min(x + k, count - 1u) * p.right_stride, e);
        }
        value = select(vec4f(), value, there);
        for (var r = 0u; r < ROWS; r++) { // unroll
          acc[r * V4 + e] += w[r][k] * value;
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    for (var e = 0u; e < V4; e++) { // unroll
      if (image < p.batch && y + r < rows) {
        write_four(((image * rows + y + r) * p.heads + h) * HEAD + 4u * e, acc[r * V4 + e] * p.scale, HEAD - 4u * e);
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn talk(@builtin(global_invocation_id) id: vec3u) {
  let at = index(id);
  let across = (p.m + 3u) / 4u;
  let r = at / across;
  if (r >= p.batch * p.n) {
    return;
  }
  let j = at % across * 4u;
  var heads: array<vec4f, HEADS>;
  for (var h = 0u; h < HEADS; h++) { // unroll
    heads[h] = weights_part((r * HEADS + h) * p.m, j);
  }
  for (var g = 0u; g < HEADS; g++) {
    var sum = vec4f();
    if (!TURNED) {
      sum = vec4f(bias[g]);
    }
    for (var h = 0u; h < HEADS; h++) { // unroll
      if (TURNED) {
        sum += mixing[h * HEADS + g] * heads[h];
      } else {
        sum += mixing[g * HEADS + h] * heads[h];
      }
    }
    write_four((r * HEADS + g) * p.m + j, sum, p.m - j);
  }
}

@compute @workgroup_size(WORKGROUP)
fn talk_weights(@builtin(global_invocation_id) id: vec3u) {
  let at = index(id);
  let lanes = HEADS / AT_ONCE;
  let part = at / lanes;
  let first = at % lanes * AT_ONCE;
  let begin = part * p.part;
  if (begin >= p.batch * p.n) {
    return;
  }
  var acc: array<vec4f, SUMS>;
  var alone: array<vec4f, AT_ONCE>;
  for (var r = begin; r < min(begin + p.part, p.batch * p.n); r++) {
    for (var j = 0u; j < p.m; j += 4u) {
      var grads: array<vec4f, AT_ONCE>;
      for (var k = 0u; k < AT_ONCE; k++) { // unroll
        grads[k] = g_part((r * HEADS + first + k) * p.m, j);
        alone[k] += grads[k];
      }
      for (var h = 0u; h < HEADS; h++) { // unroll
        let head = weights_part((r * HEADS + h) * p.m, j);
        for (var k = 0u; k < AT_ONCE; k++) { // unroll
          acc[k * HEADS + h] += grads[k] * head;
        }
      }
    }
  }
  for (var k = 0u; k < AT_ONCE; k++) { // unroll
    let g = first + k;
    sums_out[part * HEADS + g] = dot(alone[k], vec4f(1.0));
    for (var h = 0u; h < HEADS; h++) { // unroll
      out[(part * HEADS + g) * HEADS + h] = dot(acc[k * HEADS + h], vec4f(1.0));
    }
  }
}
