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
//   adamw   m += (1-b1)(g-m); v += (1-b2)(g²-v); w -= lr (m/c1 / (sqrt(v/c2) + eps) + decay w), c = 1 - b^t
//   sgd     m = momentum m + g + decay w; w -= lr m
// Blocks of frozen parameters have no pieces and are left alone. Those that wait keep their weights while `hold` is 1, but their
// moments gather, so that the first steps after it are no longer than others.
const CLIP = false;
const EACH = false; // each parameter's gradient is clipped by itself
const HOLD = false; // some parameters wait
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
  if (CLIP) {
    return gradient(block, place) * scale_in[0];
  } else {
    return gradient(block, place);
  }
}

// The gradient of four neighbours as it is used.
fn used(i: u32, block: Block) -> vec4f {
  if (EACH) {
    return gradient(block, (i & 15u) * 4u) * scale_in[i >> 4u];
  } else {
    return clipped(block, (i & 15u) * 4u);
  }
}

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
    for (var place = 0u; place < 64u; place += 4u) {
      let g = gradient(block, place);
      sum += dot(g, g);
    }
    squares[b] = sum;
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
  let length = sqrt(total);
  for (var b = lane; b < range.y; b += 64u) {
    scale[range.x + b] = select(1.0, p.limit / length, length > p.limit);
  }
}

@compute @workgroup_size(64)
fn adamw(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.count * 16u) {
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
    let step = (m / p.correction1) / (sqrt(v / p.correction2) + p.eps);
    weights[i] = w - rate(block) * (step + p.decay * f32(block.flags & 1u) * w);
  }
}

@compute @workgroup_size(64)
fn sgd(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.count * 16u) {
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
