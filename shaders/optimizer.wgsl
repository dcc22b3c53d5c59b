// One optimizer step for all parameters at once, from gradient pieces as the backward kernels left them.
//
// Parameters live in one flat buffer of 64-float blocks, each block inside one parameter. `blocks[b]` says which gradient
// pieces concern block b; `pieces` say where they lie in the gradient arena and in how many parts to sum. Weight gradients
// split over workgroups are thus summed here, in a fixed order: no extra pass, no atomics, the same bits every time.
// A lane updates four floats, so that what it reads of a block and its pieces is read for all of them.
//
//   norm    squares[b] = sum of squared gradients of a block (only launched when the norm is clipped)
//   factor  scale[0] = min(1, limit / sqrt(sum squares)), scale[1] = the norm
//   factor_each  the same for each parameter by itself: scale[b] for each of its blocks b
//   judge   mixed precision: whether the gradients, multiplied with the loss scale S, are finite. If they are, the update is made with
//           verdict[0] = 1/S (clipped as by factor) and S doubles after `interval` such steps in a row; if not, no update is made and S halves
//   adamw   m += (1-b1)(g-m); v += (1-b2)(g²-v); w -= lr (m/c1 / (sqrt(v/c2) + eps) + decay w), c = 1 - b^t
//   sgd     m = momentum m + g + decay w; w -= lr m
// Blocks of frozen parameters have no pieces and are left alone. Those that wait keep their weights while `hold` is 1, but their
// moments gather, so that the first steps after it are no longer than others.
const CLIP = false;
const EACH = false; // each parameter's gradient is clipped by itself
const HOLD = false; // some parameters wait
const SCALED = false; // gradients are multiplied with a loss scale
const RAGGED = false; // some piece does not begin at a multiple of four, in the arena or its parameter

struct Params {
  count: u32, // of blocks
  lr: f32,
  beta1: f32, // adamw; momentum of sgd
  beta2: f32,
  eps: f32,
  decay: f32,
  correction1: f32, // 1 - beta1^t
  correction2: f32, // 1 - beta2^t
  limit: f32,
  hold: f32,
  interval: f32,
}

struct Block {
  first_piece: u32,
  piece_count: u32,
  start: u32, // place of the block's first float in its parameter
  flags: u32, // 1 = decays, 2 = waits
}

struct Piece {
  lo: u32, // range of the parameter this piece covers
  hi: u32,
  at: u32, // float offset in the arena
  parts: u32,
}

@group(0) @binding(0) var<storage, read_write> weights: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(3) var<storage, read> arena4: array<vec4f>;
@group(0) @binding(4) var<storage, read> arena1: array<f32>;
@group(0) @binding(5) var<storage, read> blocks: array<Block>;
@group(0) @binding(6) var<storage, read> pieces: array<Piece>;
@group(0) @binding(7) var<storage, read_write> squares: array<f32>;
@group(0) @binding(8) var<storage, read> squares_in: array<f32>;
@group(0) @binding(9) var<storage, read_write> scale: array<f32>;
@group(0) @binding(10) var<storage, read> scale_in: array<f32>;
@group(0) @binding(11) var<uniform> params: Params;
@group(0) @binding(12) var<storage, read> ranges: array<vec2u>; // of each parameter: its first block, and how many
// S; updates since it changed; steps whose update was left out; and what stands for correction1 and correction2, of updates that were made
@group(0) @binding(13) var<storage, read_write> scaler: array<f32>;
@group(0) @binding(14) var<storage, read_write> verdict: array<f32>; // factor of gradients, their norm, 1 where the update is made, corrections
@group(0) @binding(15) var<storage, read> verdict_in: array<f32>;

fn four(at: u32) -> vec4f {
  if (RAGGED) {
    return vec4f(arena1[at], arena1[at + 1u], arena1[at + 2u], arena1[at + 3u]);
  } else {
    return arena4[at >> 2u];
  }
}

// The gradient of four neighbours from `place` of a block on. What lies past the end of a piece may be anything.
fn gradient(block: Block, place: u32) -> vec4f {
  let e = block.start + place;
  let all = vec4u(e, e + 1u, e + 2u, e + 3u);
  var sum = vec4f();
  for (var i = block.first_piece; i < block.first_piece + block.piece_count; i++) {
    let piece = pieces[i];
    if (e + 3u >= piece.lo && e < piece.hi) {
      var at = piece.at + e - piece.lo;
      var parts = vec4f();
      for (var part = 0u; part < piece.parts; part++) {
        parts += four(at);
        at += piece.hi - piece.lo;
      }
      sum += select(vec4f(), parts, (all >= vec4u(piece.lo)) & (all < vec4u(piece.hi)));
    }
  }
  return sum;
}

fn clipped(block: Block, place: u32) -> vec4f {
  if (SCALED) {
    return gradient(block, place) * verdict_in[0];
  } else if (CLIP) {
    return gradient(block, place) * scale_in[0];
  } else {
    return gradient(block, place);
  }
}

// The gradient of four neighbours as it is used.
fn used(i: u32, block: Block) -> vec4f {
  if (EACH) {
    return clipped(block, (i & 15u) * 4u) * scale_in[i >> 4u];
  } else {
    return clipped(block, (i & 15u) * 4u);
  }
}

fn left_out() -> bool {
  if (SCALED) {
    return verdict_in[2] == 0.0;
  } else {
    return false;
  }
}

// 1 - beta1^t and 1 - beta2^t, t counting the updates that were made.
fn corrections(p: Params) -> vec2f {
  if (SCALED) {
    return vec2f(verdict_in[3], verdict_in[4]);
  } else {
    return vec2f(p.correction1, p.correction2);
  }
}

// By its bits: compilers may take it for granted that every number is finite.
fn is_finite(v: vec4f) -> bool {
  return all((bitcast<vec4u>(v) & vec4u(0x7f800000u)) != vec4u(0x7f800000u));
}

// Of a block whose gradient is not finite; every other sum of squares is at least zero.
const BROKEN = -1.0;

fn rate(block: Block) -> f32 {
  if (HOLD) {
    return select(params.lr, 0.0, (block.flags & 2u) != 0u && params.hold != 0.0);
  } else {
    return params.lr;
  }
}

@compute @workgroup_size(64)
fn norm(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let b = id.x + id.y * 65535u * 64u;
  if (b < p.count) {
    let block = blocks[b];
    var sum = 0.0;
    var broken = false;
    for (var place = 0u; place < 64u; place += 4u) {
      let g = gradient(block, place);
      sum += dot(g, g);
      if (SCALED) {
        broken = broken || !is_finite(g);
      }
    }
    squares[b] = select(sum, BROKEN, broken);
  }
}

var<workgroup> partial: array<f32, 64>;

// Large models have tens of thousands of blocks: 64 lanes take every 64th, then one adds up the lanes in order.
@compute @workgroup_size(64)
fn factor(@builtin(local_invocation_index) lane: u32) {
  let p = params;
  var sum = 0.0;
  for (var b = lane; b < p.count; b += 64u) {
    sum += squares_in[b];
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
      total += partial[i];
    }
    let length = sqrt(total);
    scale[0] = select(1.0, p.limit / length, length > p.limit);
    scale[1] = length;
  }
}

@compute @workgroup_size(64)
fn factor_each(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let range = ranges[group.x];
  let p = params;
  var sum = 0.0;
  for (var b = lane; b < range.y; b += 64u) {
    sum += squares_in[range.x + b];
  }
  partial[lane] = sum;
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < 64u; i++) {
    total += partial[i];
  }
  var length = sqrt(total);
  if (SCALED) {
    length *= verdict_in[0];
  }
  for (var b = lane; b < range.y; b += 64u) {
    scale[range.x + b] = select(1.0, p.limit / length, length > p.limit);
  }
}

var<workgroup> broken_lanes: array<u32, 64>;

@compute @workgroup_size(64)
fn judge(@builtin(local_invocation_index) lane: u32) {
  let p = params;
  var sum = 0.0;
  var broken = 0u;
  for (var b = lane; b < p.count; b += 64u) {
    sum += squares_in[b];
    broken += select(0u, 1u, squares_in[b] < 0.0);
  }
  partial[lane] = sum;
  broken_lanes[lane] = broken;
  workgroupBarrier();
  if (lane == 0u) {
    var total = 0.0;
    var any = 0u;
    for (var i = 0u; i < 64u; i++) {
      total += partial[i];
      any += broken_lanes[i];
    }
    let made = any == 0u;
    let length = sqrt(max(total, 0.0)) / scaler[0];
    var by = 1.0 / scaler[0];
    if (CLIP) {
      by *= select(1.0, p.limit / length, length > p.limit);
    }
    let rates = vec2f(p.beta1, p.beta2);
    let before = vec2f(scaler[3], scaler[4]);
    let after = select(before, before * rates + (1.0 - rates), made);
    verdict[0] = by;
    verdict[1] = length;
    verdict[2] = select(0.0, 1.0, made);
    verdict[3] = after.x;
    verdict[4] = after.y;
    let grows = made && scaler[1] + 1.0 >= p.interval;
    scaler[0] = clamp(scaler[0] * select(select(0.5, 1.0, made), 2.0, grows), 1.0, MOST_SCALE);
    scaler[1] = select(0.0, scaler[1] + 1.0, made && !grows);
    scaler[2] += select(1.0, 0.0, made);
    scaler[3] = after.x;
    scaler[4] = after.y;
  }
}

const MOST_SCALE = 16777216.0; // beyond, nothing is left to gain: 2^-24 is the least number of f16

@compute @workgroup_size(64)
fn adamw(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.count * 16u || left_out()) {
    return;
  }
  let block = blocks[i >> 4u];
  if (block.piece_count > 0u) {
    let g = used(i, block);
    var m = first[i];
    var v = second[i];
    let w = weights[i];
    m += (1.0 - p.beta1) * (g - m);
    v += (1.0 - p.beta2) * (g * g - v);
    first[i] = m;
    second[i] = v;
    let c = corrections(p);
    let step = (m / c.x) / (sqrt(v / c.y) + p.eps);
    weights[i] = w - rate(block) * (step + p.decay * f32(block.flags & 1u) * w);
  }
}

@compute @workgroup_size(64)
fn sgd(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.count * 16u || left_out()) {
    return;
  }
  let block = blocks[i >> 4u];
  if (block.piece_count > 0u) {
    let w = weights[i];
    let m = p.beta1 * first[i] + used(i, block) + p.decay * f32(block.flags & 1u) * w;
    first[i] = m;
    weights[i] = w - rate(block) * m;
  }
}
