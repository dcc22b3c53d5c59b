// Fused multi-head attention: out = softmax(scale Q K^T) V, without ever storing the attention matrix.
//
// Q is [batch * queries, ...] with heads side by side (HEAD floats each), K and V are [batch * keys, ...]; each has its
// own row distance and offset, so the three can be column ranges of one qkv matrix. `lse` [batch, heads, queries] keeps
// log sum exp of the scaled scores, from which the backward kernels and the saliency recompute any probability.
//
//   forward           online softmax; writes out [batch * queries, heads * HEAD] and lse
//   backward_queries  dQ, and delta = rowsum(dOut * Out) for the next kernel
//   backward_keys     dK and dV; one lane owns keys, so nothing is summed across lanes
//   patch_lse         log sum exp of the scaled scores of the keys of patches, for the query rows that a saliency is about
//   saliency          mean over heads (and over those query rows) of the probability of each patch's key, by either
//                     log sum exp: as in attention, or renormalised over the patches (Eq. 2 of the MaskedKD paper)
//
//   split_forward, split_backward_queries, split_backward_keys
//                     the same as the first three where a head is too wide for the registers of a lane
//
// Trick. With QUAD, each lane of a quad loads one of four keys and the quad passes them round (quadSwap), which divides
// the loads by four; every lane owns ROWS rows of queries (keys in backward_keys). Without QUAD a lane works alone.
// In the split kernels LANES lanes own the same ROWS rows, each every LANES-th vec4 of the head; what they make of four keys (queries) at once
// is summed over them, by quadSwap and subgroupShuffleXor or, with MEMORY, in workgroup memory.
enable subgroups;

const QUAD = true;
const ROWS = 1u;
const HEAD = 16u; // floats per head
const VEC = true; // heads start at multiples of four floats and HEAD is one: read as vec4
const WORKGROUP = 32u;
const LANES = 4u; // lanes that work together: 4 with QUAD, else 1
const V4 = 4u; // vec4s per head: HEAD / 4 rounded up
const PER_HEAD = false; // saliency: keep the heads apart
const SIZES = false; // forward: add to each score how many tokens its key stands for, as a logarithm
const P4 = 1u; // split: vec4s of a head that a lane holds, V4 / LANES rounded up
const MEMORY = false; // split: lanes exchange sums in workgroup memory, with barriers
const LEAD = 1u; // saliency: keys before the patches, the class token first
const TAIL = 0u; // and keys after them

struct Params {
  batch: u32,
  heads: u32,
  queries: u32,
  keys: u32,
  scale: f32,
  q_offset: u32,
  q_stride: u32,
  k_offset: u32,
  k_stride: u32,
  v_offset: u32,
  v_stride: u32,
  query_from: u32, // saliency: rows of queries averaged
  query_to: u32,
}

@group(0) @binding(0) var<storage, read> q4: array<vec4f>;
@group(0) @binding(1) var<storage, read> q1: array<f32>;
@group(0) @binding(2) var<storage, read> kv4: array<vec4f>;
@group(0) @binding(3) var<storage, read> kv1: array<f32>;
@group(0) @binding(4) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out1: array<f32>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;
@group(0) @binding(7) var<storage, read> lse_in: array<f32>;
@group(0) @binding(8) var<storage, read> result4: array<vec4f>;
@group(0) @binding(9) var<storage, read> result1: array<f32>;
@group(0) @binding(10) var<storage, read> grad4: array<vec4f>;
@group(0) @binding(11) var<storage, read> grad1: array<f32>;
@group(0) @binding(12) var<storage, read_write> delta: array<f32>;
@group(0) @binding(13) var<storage, read> delta_in: array<f32>;
@group(0) @binding(14) var<storage, read> log_sizes: array<f32>;
@group(0) @binding(15) var<uniform> params: Params;

// A head's vector, in registers.
alias Head = array<vec4f, V4>;

// ---- loads and stores ------------------------------------------------------------------------------------------------

// Elements 4c..4c+3 of a head that starts at `at`, zero past its end.
fn tail4(a: f32, b: f32, c: f32, d: f32, first: u32) -> vec4f {
  return vec4f(a, b, c, d) * vec4f(vec4u(first, first + 1u, first + 2u, first + 3u) < vec4u(HEAD));
}

fn q_part(at: u32, c: u32) -> vec4f {
  if (VEC) {
    return q4[(at >> 2u) + c];
  } else {
    let i = at + 4u * c;
    let e = at + HEAD - 1u;
    return tail4(q1[i], q1[min(i + 1u, e)], q1[min(i + 2u, e)], q1[min(i + 3u, e)], 4u * c);
  }
}

fn kv_part(at: u32, c: u32) -> vec4f {
  if (VEC) {
    return kv4[(at >> 2u) + c];
  } else {
    let i = at + 4u * c;
    let e = at + HEAD - 1u;
    return tail4(kv1[i], kv1[min(i + 1u, e)], kv1[min(i + 2u, e)], kv1[min(i + 3u, e)], 4u * c);
  }
}

fn result_part(at: u32, c: u32) -> vec4f {
  if (VEC) {
    return result4[(at >> 2u) + c];
  } else {
    let i = at + 4u * c;
    let e = at + HEAD - 1u;
    return tail4(result1[i], result1[min(i + 1u, e)], result1[min(i + 2u, e)], result1[min(i + 3u, e)], 4u * c);
  }
}

fn grad_part(at: u32, c: u32) -> vec4f {
  if (VEC) {
    return grad4[(at >> 2u) + c];
  } else {
    let i = at + 4u * c;
    let e = at + HEAD - 1u;
    return tail4(grad1[i], grad1[min(i + 1u, e)], grad1[min(i + 2u, e)], grad1[min(i + 3u, e)], 4u * c);
  }
}

fn write_part(at: u32, c: u32, v: vec4f) {
  if (VEC) {
    out4[(at >> 2u) + c] = v;
  } else {
    for (var e = 0u; e < 4u; e++) { // unroll
      if (4u * c + e < HEAD) {
        out1[at + 4u * c + e] = v[e];
      }
    }
  }
}

// The value held by the lane whose place in the quad differs by `d`.
fn from_lane(v: vec4f, d: u32) -> vec4f {
  if (QUAD) {
    if (d == 1u) {
      return quadSwapX(v);
    } else if (d == 2u) {
      return quadSwapY(v);
    } else if (d == 3u) {
      return quadSwapDiagonal(v);
    }
  }
  return v;
}

// ---- where a lane stands -----------------------------------------------------------------------------------------------

struct Place {
  image: u32,
  head: u32,
  row: u32, // first of this lane's ROWS rows (they lie LANES apart)
  lane: u32,
}

fn place(p: Params, group: vec3u, local: u32, rows: u32) -> Place {
  let team = (group.x + group.y * 65535u) * (WORKGROUP / LANES) + local / LANES;
  let teams = (rows + ROWS * LANES - 1u) / (ROWS * LANES);
  let pair = min(team / teams, p.batch * p.heads); // past the end: image = batch, stores nothing
  return Place(pair / p.heads, pair % p.heads, (team % teams) * ROWS * LANES + local % LANES, local % LANES);
}

fn q_at(p: Params, image: u32, head: u32, row: u32) -> u32 {
  return p.q_offset + (min(image, p.batch - 1u) * p.queries + min(row, p.queries - 1u)) * p.q_stride + head * HEAD;
}

fn k_at(p: Params, image: u32, head: u32, row: u32) -> u32 {
  return p.k_offset + (min(image, p.batch - 1u) * p.keys + min(row, p.keys - 1u)) * p.k_stride + head * HEAD;
}

fn v_at(p: Params, image: u32, head: u32, row: u32) -> u32 {
  return p.v_offset + (min(image, p.batch - 1u) * p.keys + min(row, p.keys - 1u)) * p.v_stride + head * HEAD;
}

// Place of a row in out, result and grad, which have no gaps.
fn o_at(p: Params, image: u32, head: u32, row: u32) -> u32 {
  return ((min(image, p.batch - 1u) * p.queries + min(row, p.queries - 1u)) * p.heads + head) * HEAD;
}

fn lse_at(p: Params, image: u32, head: u32, row: u32) -> u32 {
  return (min(image, p.batch - 1u) * p.heads + head) * p.queries + min(row, p.queries - 1u);
}

// ---- a head split over lanes --------------------------------------------------------------------------------------------

// A lane's share of a head.
alias Share = array<vec4f, P4>;

var<workgroup> partial: array<vec4f, WORKGROUP>;

// Sums over the lanes that share rows. All lanes of the workgroup must come here.
fn whole(v: vec4f, local: u32) -> vec4f {
  if (MEMORY) {
    workgroupBarrier(); // the sums before these have been read
    partial[local] = v;
    workgroupBarrier();
    var sum = vec4f();
    for (var i = 0u; i < LANES; i++) { // unroll
      sum += partial[local / LANES * LANES + i];
    }
    return sum;
  } else {
    let pair = v + quadSwapX(v);
    let four = pair + quadSwapY(pair);
    if (LANES == 8u) {
      return four + subgroupShuffleXor(four, 4u);
    } else {
      return four;
    }
  }
}

// The lanes of a team own the same rows, which lie next to each other.
fn split_place(p: Params, group: vec3u, local: u32, rows: u32) -> Place {
  let team = (group.x + group.y * 65535u) * (WORKGROUP / LANES) + local / LANES;
  let teams = (rows + ROWS - 1u) / ROWS;
  let pair = min(team / teams, p.batch * p.heads); // past the end: image = batch, stores nothing
  return Place(pair / p.heads, pair % p.heads, (team % teams) * ROWS, local % LANES);
}

// Which vec4 of the head is the lane's c-th; past the end of the head it repeats the last, and `owned` makes nothing of it.
fn own(at: Place, c: u32) -> u32 {
  return min(c * LANES + at.lane, V4 - 1u);
}

fn owned(at: Place, c: u32, v: vec4f) -> vec4f {
  return select(vec4f(), v, c * LANES + at.lane < V4);
}

fn four_keys(p: Params, at: Place, j: u32, c: u32) -> mat4x4f {
  let o = own(at, c);
  return mat4x4f(
    kv_part(k_at(p, at.image, at.head, j), o),
    kv_part(k_at(p, at.image, at.head, j + 1u), o),
    kv_part(k_at(p, at.image, at.head, j + 2u), o),
    kv_part(k_at(p, at.image, at.head, j + 3u), o),
  );
}

fn four_values(p: Params, at: Place, j: u32, c: u32) -> mat4x4f {
  let o = own(at, c);
  return mat4x4f(
    kv_part(v_at(p, at.image, at.head, j), o),
    kv_part(v_at(p, at.image, at.head, j + 1u), o),
    kv_part(v_at(p, at.image, at.head, j + 2u), o),
    kv_part(v_at(p, at.image, at.head, j + 3u), o),
  );
}

fn four_queries(p: Params, at: Place, i: u32, c: u32) -> mat4x4f {
  let o = own(at, c);
  return p.scale * mat4x4f(
    q_part(q_at(p, at.image, at.head, i), o),
    q_part(q_at(p, at.image, at.head, i + 1u), o),
    q_part(q_at(p, at.image, at.head, i + 2u), o),
    q_part(q_at(p, at.image, at.head, i + 3u), o),
  );
}

fn four_grads(p: Params, at: Place, i: u32, c: u32) -> mat4x4f {
  let o = own(at, c);
  return mat4x4f(
    grad_part(o_at(p, at.image, at.head, i), o),
    grad_part(o_at(p, at.image, at.head, i + 1u), o),
    grad_part(o_at(p, at.image, at.head, i + 2u), o),
    grad_part(o_at(p, at.image, at.head, i + 3u), o),
  );
}

fn within(first: u32, count: u32) -> vec4<bool> {
  return vec4u(first, first + 1u, first + 2u, first + 3u) < vec4u(count);
}

@compute @workgroup_size(WORKGROUP)
fn split_forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = split_place(p, group, local, p.queries);
  var q: array<Share, ROWS>;
  var acc: array<Share, ROWS>;
  var top: array<f32, ROWS>;
  var total: array<f32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unroll
    top[r] = -3.0e38;
    for (var c = 0u; c < P4; c++) { // unroll
      q[r][c] = owned(at, c, q_part(q_at(p, at.image, at.head, at.row + r), own(at, c)) * p.scale);
    }
  }
  for (var j = 0u; j < p.keys; j += 4u) {
    var s = array<vec4f, ROWS>();
    for (var c = 0u; c < P4; c++) { // unroll
      let k = four_keys(p, at, j, c);
      for (var r = 0u; r < ROWS; r++) { // unroll
        s[r] += q[r][c] * k;
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      var score = whole(s[r], local);
      if (SIZES) {
        let first = min(at.image, p.batch - 1u) * p.keys;
        let key = first + min(vec4u(j, j + 1u, j + 2u, j + 3u), vec4u(p.keys - 1u));
        score += vec4f(log_sizes[key.x], log_sizes[key.y], log_sizes[key.z], log_sizes[key.w]);
      }
      score = select(vec4f(-3.0e38), score, within(j, p.keys));
      let high = max(top[r], max(max(score.x, score.y), max(score.z, score.w)));
      let shrink = exp(top[r] - high);
      top[r] = high;
      s[r] = exp(score - high);
      total[r] = total[r] * shrink + dot(s[r], vec4f(1.0));
      for (var c = 0u; c < P4; c++) { // unroll
        acc[r][c] *= shrink;
      }
    }
    for (var c = 0u; c < P4; c++) { // unroll
      let v = four_values(p, at, j, c);
      for (var r = 0u; r < ROWS; r++) { // unroll
        acc[r][c] += v * s[r];
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r;
    if (row < p.queries && at.image < p.batch) {
      for (var c = 0u; c < P4; c++) { // unroll
        if (c * LANES + at.lane < V4) {
          write_part(o_at(p, at.image, at.head, row), own(at, c), acc[r][c] / total[r]);
        }
      }
      if (at.lane == 0u) {
        lse[lse_at(p, at.image, at.head, row)] = top[r] + log(total[r]);
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn split_backward_queries(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = split_place(p, group, local, p.queries);
  var q: array<Share, ROWS>;
  var g: array<Share, ROWS>;
  var acc: array<Share, ROWS>;
  var shift: array<f32, ROWS>; // log sum exp
  var mean: array<f32, ROWS>; // delta
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r;
    let o_row = o_at(p, at.image, at.head, row);
    shift[r] = lse_in[lse_at(p, at.image, at.head, row)];
    var product = 0.0;
    for (var c = 0u; c < P4; c++) { // unroll
      q[r][c] = owned(at, c, q_part(q_at(p, at.image, at.head, row), own(at, c)) * p.scale);
      g[r][c] = owned(at, c, grad_part(o_row, own(at, c)));
      product += dot(g[r][c], result_part(o_row, own(at, c)));
    }
    mean[r] = whole(vec4f(product), local).x;
  }
  for (var j = 0u; j < p.keys; j += 4u) {
    var s = array<vec4f, ROWS>();
    var dp = array<vec4f, ROWS>();
    for (var c = 0u; c < P4; c++) { // unroll
      let k = four_keys(p, at, j, c);
      let v = four_values(p, at, j, c);
      for (var r = 0u; r < ROWS; r++) { // unroll
        s[r] += q[r][c] * k;
        dp[r] += g[r][c] * v;
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      let prob = exp(whole(s[r], local) - shift[r]);
      s[r] = select(vec4f(), prob * (whole(dp[r], local) - mean[r]), within(j, p.keys));
    }
    for (var c = 0u; c < P4; c++) { // unroll
      let k = four_keys(p, at, j, c);
      for (var r = 0u; r < ROWS; r++) { // unroll
        acc[r][c] += k * s[r];
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r;
    if (row < p.queries && at.image < p.batch) {
      for (var c = 0u; c < P4; c++) { // unroll
        if (c * LANES + at.lane < V4) {
          write_part(q_at(p, at.image, at.head, row), own(at, c), acc[r][c] * p.scale);
        }
      }
      if (at.lane == 0u) {
        delta[lse_at(p, at.image, at.head, row)] = mean[r];
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn split_backward_keys(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = split_place(p, group, local, p.keys);
  var k: array<Share, ROWS>;
  var v: array<Share, ROWS>;
  var dk: array<Share, ROWS>;
  var dv: array<Share, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unroll
    for (var c = 0u; c < P4; c++) { // unroll
      k[r][c] = owned(at, c, kv_part(k_at(p, at.image, at.head, at.row + r), own(at, c)));
      v[r][c] = owned(at, c, kv_part(v_at(p, at.image, at.head, at.row + r), own(at, c)));
    }
  }
  for (var i = 0u; i < p.queries; i += 4u) {
    let lse_row = lse_at(p, at.image, at.head, 0u);
    let those = lse_row + min(vec4u(i, i + 1u, i + 2u, i + 3u), vec4u(p.queries - 1u));
    // A query past the end gets an infinite shift, hence probability zero.
    let shift = select(vec4f(3.0e38), vec4f(lse_in[those.x], lse_in[those.y], lse_in[those.z], lse_in[those.w]), within(i, p.queries));
    let mean = vec4f(delta_in[those.x], delta_in[those.y], delta_in[those.z], delta_in[those.w]);
    var s = array<vec4f, ROWS>();
    var ds = array<vec4f, ROWS>();
    for (var c = 0u; c < P4; c++) { // unroll
      let q = four_queries(p, at, i, c);
      let g = four_grads(p, at, i, c);
      for (var r = 0u; r < ROWS; r++) { // unroll
        s[r] += k[r][c] * q;
        ds[r] += v[r][c] * g;
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      s[r] = exp(whole(s[r], local) - shift);
      ds[r] = s[r] * (whole(ds[r], local) - mean);
    }
    for (var c = 0u; c < P4; c++) { // unroll
      let q = four_queries(p, at, i, c);
      let g = four_grads(p, at, i, c);
      for (var r = 0u; r < ROWS; r++) { // unroll
        dv[r][c] += g * s[r];
        dk[r][c] += q * ds[r];
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r;
    if (row < p.keys && at.image < p.batch) {
      for (var c = 0u; c < P4; c++) { // unroll
        if (c * LANES + at.lane < V4) {
          write_part(k_at(p, at.image, at.head, row), own(at, c), dk[r][c]);
          write_part(v_at(p, at.image, at.head, row), own(at, c), dv[r][c]);
        }
      }
    }
  }
}

// ---- kernels -------------------------------------------------------------------------------------------------------------

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = place(p, group, local, p.queries);
  var q: array<Head, ROWS>;
  var acc: array<Head, ROWS>;
  var top: array<f32, ROWS>;
  var total: array<f32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unroll
    top[r] = -3.0e38;
    for (var c = 0u; c < V4; c++) { // unroll
      q[r][c] = q_part(q_at(p, at.image, at.head, at.row + r * LANES), c) * p.scale;
    }
  }
  for (var j = 0u; j < p.keys; j += LANES) {
    var k: Head;
    var v: Head;
    let k_row = k_at(p, at.image, at.head, j + at.lane);
    let v_row = v_at(p, at.image, at.head, j + at.lane);
    for (var c = 0u; c < V4; c++) { // unroll
      k[c] = kv_part(k_row, c);
      v[c] = kv_part(v_row, c);
    }
    var s = array<array<f32, LANES>, ROWS>(); // spelled out: one compiler zeroes a bare var once, not per iteration
    for (var d = 0u; d < LANES; d++) { // unroll
      for (var c = 0u; c < V4; c++) { // unroll
        let other = from_lane(k[c], d);
        for (var r = 0u; r < ROWS; r++) { // unroll
          s[r][d] += dot(q[r][c], other);
        }
      }
    }
    for (var r = 0u; r < ROWS; r++) { // unroll
      var high = top[r];
      for (var d = 0u; d < LANES; d++) { // unroll
        if (SIZES) {
          s[r][d] += log_sizes[min(at.image, p.batch - 1u) * p.keys + min(j + (at.lane ^ d), p.keys - 1u)];
        }
        s[r][d] = select(-3.0e38, s[r][d], j + (at.lane ^ d) < p.keys);
        high = max(high, s[r][d]);
      }
      let shrink = exp(top[r] - high);
      top[r] = high;
      total[r] *= shrink;
      for (var c = 0u; c < V4; c++) { // unroll
        acc[r][c] *= shrink;
      }
      for (var d = 0u; d < LANES; d++) { // unroll
        s[r][d] = exp(s[r][d] - high);
        total[r] += s[r][d];
      }
    }
    for (var d = 0u; d < LANES; d++) { // unroll
      for (var c = 0u; c < V4; c++) { // unroll
        let other = from_lane(v[c], d);
        for (var r = 0u; r < ROWS; r++) { // unroll
          acc[r][c] += s[r][d] * other;
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r * LANES;
    if (row < p.queries && at.image < p.batch) {
      for (var c = 0u; c < V4; c++) { // unroll
        write_part(o_at(p, at.image, at.head, row), c, acc[r][c] / total[r]);
      }
      lse[lse_at(p, at.image, at.head, row)] = top[r] + log(total[r]);
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn backward_queries(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = place(p, group, local, p.queries);
  var q: array<Head, ROWS>;
  var g: array<Head, ROWS>;
  var acc: array<Head, ROWS>;
  var shift: array<f32, ROWS>; // log sum exp
  var mean: array<f32, ROWS>; // delta
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r * LANES;
    shift[r] = lse_in[lse_at(p, at.image, at.head, row)];
    for (var c = 0u; c < V4; c++) { // unroll
      q[r][c] = q_part(q_at(p, at.image, at.head, row), c) * p.scale;
      g[r][c] = grad_part(o_at(p, at.image, at.head, row), c);
      mean[r] += dot(g[r][c], result_part(o_at(p, at.image, at.head, row), c));
    }
  }
  for (var j = 0u; j < p.keys; j += LANES) {
    var k: Head;
    var v: Head;
    let k_row = k_at(p, at.image, at.head, j + at.lane);
    let v_row = v_at(p, at.image, at.head, j + at.lane);
    for (var c = 0u; c < V4; c++) { // unroll
      k[c] = kv_part(k_row, c);
      v[c] = kv_part(v_row, c);
    }
    for (var d = 0u; d < LANES; d++) { // unroll
      var s = array<f32, ROWS>();
      var dp = array<f32, ROWS>();
      var other: Head;
      for (var c = 0u; c < V4; c++) { // unroll
        other[c] = from_lane(k[c], d);
        let value = from_lane(v[c], d);
        for (var r = 0u; r < ROWS; r++) { // unroll
          s[r] += dot(q[r][c], other[c]);
          dp[r] += dot(g[r][c], value);
        }
      }
      for (var r = 0u; r < ROWS; r++) { // unroll
        let ds = select(0.0, exp(s[r] - shift[r]) * (dp[r] - mean[r]), j + (at.lane ^ d) < p.keys);
        for (var c = 0u; c < V4; c++) { // unroll
          acc[r][c] += ds * other[c];
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r * LANES;
    if (row < p.queries && at.image < p.batch) {
      for (var c = 0u; c < V4; c++) { // unroll
        write_part(q_at(p, at.image, at.head, row), c, acc[r][c] * p.scale);
      }
      delta[lse_at(p, at.image, at.head, row)] = mean[r];
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn backward_keys(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = place(p, group, local, p.keys);
  var k: array<Head, ROWS>;
  var v: array<Head, ROWS>;
  var dk: array<Head, ROWS>;
  var dv: array<Head, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unroll
    for (var c = 0u; c < V4; c++) { // unroll
      k[r][c] = kv_part(k_at(p, at.image, at.head, at.row + r * LANES), c);
      v[r][c] = kv_part(v_at(p, at.image, at.head, at.row + r * LANES), c);
    }
  }
  for (var i = 0u; i < p.queries; i += LANES) {
    var q: Head;
    var g: Head;
    let q_row = q_at(p, at.image, at.head, i + at.lane);
    let o_row = o_at(p, at.image, at.head, i + at.lane);
    for (var c = 0u; c < V4; c++) { // unroll
      q[c] = q_part(q_row, c) * p.scale;
      g[c] = grad_part(o_row, c);
    }
    // A query past the end gets an infinite shift, hence probability zero.
    let mine = lse_at(p, at.image, at.head, i + at.lane);
    let row = vec4f(select(3.0e38, lse_in[mine], i + at.lane < p.queries), delta_in[mine], 0.0, 0.0);
    for (var d = 0u; d < LANES; d++) { // unroll
      var s = array<f32, ROWS>();
      var dp = array<f32, ROWS>();
      var q_other: Head;
      var g_other: Head;
      for (var c = 0u; c < V4; c++) { // unroll
        q_other[c] = from_lane(q[c], d);
        g_other[c] = from_lane(g[c], d);
        for (var r = 0u; r < ROWS; r++) { // unroll
          s[r] += dot(k[r][c], q_other[c]);
          dp[r] += dot(v[r][c], g_other[c]);
        }
      }
      let shift = from_lane(row, d);
      for (var r = 0u; r < ROWS; r++) { // unroll
        let prob = exp(s[r] - shift.x);
        let ds = prob * (dp[r] - shift.y);
        for (var c = 0u; c < V4; c++) { // unroll
          dv[r][c] += prob * g_other[c];
          dk[r][c] += ds * q_other[c];
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r * LANES;
    if (row < p.keys && at.image < p.batch) {
      for (var c = 0u; c < V4; c++) { // unroll
        write_part(k_at(p, at.image, at.head, row), c, dk[r][c]);
        write_part(v_at(p, at.image, at.head, row), c, dv[r][c]);
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn patch_lse(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let at = place(p, group, local, p.query_to - p.query_from);
  var q: array<Head, ROWS>;
  var top: array<f32, ROWS>;
  var total: array<f32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // unroll
    top[r] = -3.0e38;
    for (var c = 0u; c < V4; c++) { // unroll
      q[r][c] = q_part(q_at(p, at.image, at.head, p.query_from + at.row + r * LANES), c);
    }
  }
  for (var j = LEAD; j < p.keys - TAIL; j += LANES) {
    var k: Head;
    let k_row = k_at(p, at.image, at.head, j + at.lane);
    for (var c = 0u; c < V4; c++) { // unroll
      k[c] = kv_part(k_row, c);
    }
    for (var d = 0u; d < LANES; d++) { // unroll
      var s = array<f32, ROWS>();
      for (var c = 0u; c < V4; c++) { // unroll
        let other = from_lane(k[c], d);
        for (var r = 0u; r < ROWS; r++) { // unroll
          s[r] += dot(q[r][c], other);
        }
      }
      for (var r = 0u; r < ROWS; r++) { // unroll
        let score = select(-3.0e38, s[r] * p.scale, j + (at.lane ^ d) < p.keys - TAIL);
        let high = max(top[r], score);
        total[r] = total[r] * exp(top[r] - high) + exp(score - high);
        top[r] = high;
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = p.query_from + at.row + r * LANES;
    if (row < p.query_to && at.image < p.batch) {
      lse[lse_at(p, at.image, at.head, row)] = top[r] + log(total[r]);
    }
  }
}

// A lane owns ROWS keys of an image (and head with PER_HEAD); the LEAD keys before the patches and the TAIL after them get no score.
@compute @workgroup_size(WORKGROUP)
fn saliency(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  var owned = p; // how lanes are dealt out
  var heads = 1u;
  if (!PER_HEAD) {
    heads = p.heads;
    owned.heads = 1u;
  }
  let at = place(owned, group, local, p.keys - LEAD - TAIL);
  var sum: array<f32, ROWS>;
  for (var n = 0u; n < heads; n++) {
    let h = at.head + n;
    var k: array<Head, ROWS>;
    for (var r = 0u; r < ROWS; r++) { // unroll
      for (var c = 0u; c < V4; c++) { // unroll
        k[r][c] = kv_part(k_at(p, at.image, h, LEAD + at.row + r * LANES), c);
      }
    }
    for (var i = p.query_from; i < p.query_to; i += LANES) {
      var q: Head;
      let q_row = q_at(p, at.image, h, i + at.lane);
      for (var c = 0u; c < V4; c++) { // unroll
        q[c] = q_part(q_row, c);
      }
      // A query past the end gets an infinite shift, hence probability zero.
      let shift = vec4f(select(3.0e38, lse_in[lse_at(p, at.image, h, i + at.lane)], i + at.lane < p.query_to), 0.0, 0.0, 0.0);
      for (var d = 0u; d < LANES; d++) { // unroll
        var s = array<f32, ROWS>();
        for (var c = 0u; c < V4; c++) { // unroll
          let other = from_lane(q[c], d);
          for (var r = 0u; r < ROWS; r++) { // unroll
            s[r] += dot(other, k[r][c]);
          }
        }
        for (var r = 0u; r < ROWS; r++) { // unroll
          sum[r] += exp(s[r] * p.scale - from_lane(shift, d).x);
        }
      }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // unroll
    let row = at.row + r * LANES;
    if (row < p.keys - LEAD - TAIL && at.image < p.batch) {
      out1[(at.image * owned.heads + at.head) * (p.keys - LEAD - TAIL) + row] = sum[r] / f32(heads * (p.query_to - p.query_from));
    }
  }
}
