// Comparing a student's features and logits with a teacher's.
//
//   error            rows[r] = scale w_r sum_c v_c e(a - b); e(d) = d^2, |d| or smooth |d| (d^2 / 2 beta below beta, |d| - beta / 2
//                    above); a row weight w and a channel weight v of each image are optional; b repeats when it has fewer rows
//   error_gradient   da = weight scale w_r v_c e'(a - b); db is the same with a and b exchanged
//   distance         rows[r] = scale |a - b|, the Euclidean length over the columns
//   distance_gradient  da = weight scale (a - b) / |a - b|, 0 where both are equal
//   blend            out = lambda a + mu b; LEARNED: lambda = sigmoid(s), mu = 1 - lambda for a parameter s
//   blend_gradient   da = lambda g; of b with SECOND: mu g
//   share_gradient   rows[r] = lambda mu sum_c g (a - b), to be summed: ds
//   products         out[r] = (a . b, a . a, b . b) over the columns
//   products_gradient  da = g_0 b + 2 g_own a, own = 1; of b with the two exchanged and own = 2
//   distances        out[r] = 1 - a.b / max(|a| |b|, 1e-8) from such products
//   divergence       kl[r] = mean over groups of KL(teacher || student) T^2; rows[r] = scale w_r kl[r]. A group is `classes`
//                    columns: a distribution by softmax(z / T), or with BERNOULLI one coin per class, sigmoid(z / T), summed
//   divergence_gradient  dz = weight scale w_r T (p_student - p_teacher) / groups, for both readings
//   weight_gradient  dw = weight scale kl
//
// Layout. Matrices [rows, cols] without gaps. GROUP lanes share a row forward and in distance_gradient, each with every GROUP-th column;
// divergence has one lane a row. In other gradients a lane has an element, or in divergence_gradient a group of them.
// Tricks are those of losses.wgsl: maxima are subtracted, KL comes from differences of equal terms, so
// equal logits give exactly 0; a coin's KL is q (u - v) + softplus(v) - softplus(u), u = teacher / T, v = student / T.
const GROUP = 1u; // or 64, a workgroup
const POWER = 2u; // 2: square, 1: absolute, 0: smooth absolute
const ROW_WEIGHTS = false;
const CHANNEL_WEIGHTS = false;
const LEARNED = false;
const SECOND = false;
const BERNOULLI = false;
const ADD = false;

struct Params {
  rows: u32,
  cols: u32,
  b_rows: u32,
  a_offset: u32, // products: where a and b begin
  b_offset: u32,
  image: u32, // rows per image
  own: u32,
  classes: u32,
  lambda: f32,
  mu: f32,
  temperature: f32,
  weight: f32,
  scale: f32,
  beta: f32, // smooth |d|: where the parabola ends
  sharpness: f32, // 1 / beta
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> row_weights: array<f32>;
@group(0) @binding(3) var<storage, read> channel_weights: array<f32>;
@group(0) @binding(4) var<storage, read> share: array<f32>;
@group(0) @binding(5) var<storage, read> g: array<f32>;
@group(0) @binding(6) var<storage, read> other: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<storage, read_write> kl: array<f32>;
@group(0) @binding(9) var<uniform> params: Params;

const LOWEST = -3.4028234663852886e38;
const TINY = 1e-8;

fn sigmoid(v: f32) -> f32 {
  return 1.0 / (1.0 + exp(-v));
}

fn softplus(v: f32) -> f32 {
  return max(v, 0.0) + log(1.0 + exp(-abs(v)));
}

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

fn row_weight(row: u32) -> f32 {
  if (ROW_WEIGHTS) {
    return row_weights[row];
  } else {
    return 1.0;
  }
}

fn channel_weight(p: Params, row: u32, c: u32) -> f32 {
  if (CHANNEL_WEIGHTS) {
    return channel_weights[(row / p.image) * p.cols + c];
  } else {
    return 1.0;
  }
}

// with rows.wgsl
alias Gathered = vec3f;

@compute @workgroup_size(64)
fn error(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let other_row = row % p.b_rows;
  var sum = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    let d = a[row * p.cols + c] - b[other_row * p.cols + c];
    var e = abs(d);
    if (POWER == 2u) {
      e = d * d;
    } else if (POWER == 0u) {
      let u = e * p.sharpness;
      e = p.beta * select(u - 0.5, 0.5 * u * u, u < 1.0);
    }
    sum += channel_weight(p, row, c) * e;
  }
  let all = over_row(vec3f(sum, 0.0, 0.0), false, lane).x;
  if (lane == 0u && line < p.rows) {
    out[row] = p.scale * row_weight(row) * all;
  }
}

fn distance_of(p: Params, row: u32, cols: u32, lane: u32) -> f32 {
  var sum = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    let d = a[row * p.cols + c] - b[row * p.cols + c];
    sum += d * d;
  }
  return sqrt(over_row(vec3f(sum, 0.0, 0.0), false, lane).x);
}

@compute @workgroup_size(64)
fn distance(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let found = distance_of(p, row, cols, lane);
  if (lane == 0u && line < p.rows) {
    out[row] = p.scale * found;
  }
}

@compute @workgroup_size(64)
fn distance_gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let found = distance_of(p, row, cols, lane);
  var by = 0.0;
  if (found > 0.0) {
    by = p.weight * p.scale / found;
  }
  for (var c = lane; c < cols; c += GROUP) {
    let i = row * p.cols + c;
    out[i] = by * (a[i] - b[i]) + earlier(p, row, c);
  }
}

@compute @workgroup_size(64)
fn error_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let c = i % p.cols;
  let d = a[i] - b[(row % p.b_rows) * p.cols + c];
  var slope = sign(d);
  if (POWER == 2u) {
    slope = 2.0 * d;
  } else if (POWER == 0u) {
    slope = clamp(d * p.sharpness, -1.0, 1.0);
  }
  out[i] = p.weight * p.scale * row_weight(row) * channel_weight(p, row, c) * slope + earlier(p, row, c);
}

fn first_share(p: Params) -> f32 {
  if (LEARNED) {
    return sigmoid(share[0]);
  } else {
    return p.lambda;
  }
}

fn second_share(p: Params) -> f32 {
  if (LEARNED) {
    return sigmoid(-share[0]);
  } else {
    return p.mu;
  }
}

@compute @workgroup_size(64)
fn blend(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * p.cols) {
    out[i] = first_share(p) * a[i] + second_share(p) * b[i];
  }
}

@compute @workgroup_size(64)
fn blend_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * p.cols) {
    var factor = first_share(p);
    if (SECOND) {
      factor = second_share(p);
    }
    out[i] = factor * g[i] + earlier(p, i / p.cols, i % p.cols);
  }
}

@compute @workgroup_size(64)
fn share_gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  var sum = 0.0;
  for (var c = row * p.cols + lane; c < row * p.cols + cols; c += GROUP) {
    sum += g[c] * (a[c] - b[c]);
  }
  let all = over_row(vec3f(sum, 0.0, 0.0), false, lane).x;
  if (lane == 0u && line < p.rows) {
    out[row] = sigmoid(share[0]) * sigmoid(-share[0]) * all;
  }
}

@compute @workgroup_size(64)
fn products(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  var sums = vec3f();
  for (var c = row * p.cols + lane; c < row * p.cols + cols; c += GROUP) {
    let u = a[p.a_offset + c];
    let v = b[p.b_offset + c];
    sums += vec3f(u * v, u * u, v * v);
  }
  let all = over_row(sums, false, lane);
  if (lane == 0u && line < p.rows) {
    out[3u * row] = all.x;
    out[3u * row + 1u] = all.y;
    out[3u * row + 2u] = all.z;
  }
}

@compute @workgroup_size(64)
fn products_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows * p.cols) {
    let row = i / p.cols;
    out[i] = g[3u * row] * b[p.b_offset + i] + 2.0 * g[3u * row + p.own] * a[p.a_offset + i] + earlier(p, row, i % p.cols);
  }
}

// Binding a holds products here and below.
@compute @workgroup_size(64)
fn distances(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x + id.y * 65535u * 64u;
  if (row < params.rows) {
    out[row] = 1.0 - a[3u * row] / max(sqrt(a[3u * row + 1u]) * sqrt(a[3u * row + 2u]), TINY);
  }
}

@compute @workgroup_size(64)
fn distances_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.rows) {
    return;
  }
  let both = a[3u * row];
  let own = vec2f(a[3u * row + 1u], a[3u * row + 2u]);
  let norms = sqrt(own.x) * sqrt(own.y);
  var d = vec3f(-1.0 / max(norms, TINY), 0.0, 0.0);
  if (norms > TINY) {
    d = vec3f(d.x, 0.5 * both / (norms * own.x), 0.5 * both / (norms * own.y));
  }
  for (var k = 0u; k < 3u; k++) { // unroll
    out[3u * row + k] = g[row] * d[k] + earlier(p, row, k);
  }
}

// Student's and teacher's z / T of one class.
fn cooled(p: Params, c: u32) -> vec2f {
  return vec2f(a[c], b[c]) / p.temperature;
}

// What to subtract from both for the logarithms of probabilities: the maxima, and the logarithms of what sums are left then.
struct Sums {
  largest: vec2f,
  logs: vec2f,
}

fn sums_of(p: Params, start: u32) -> Sums {
  var largest = vec2f(LOWEST);
  for (var c = start; c < start + p.classes; c++) {
    largest = max(largest, cooled(p, c));
  }
  var sum = vec2f();
  for (var c = start; c < start + p.classes; c++) {
    sum += exp(cooled(p, c) - largest);
  }
  return Sums(largest, log(sum));
}

fn softmax_divergence(p: Params, start: u32) -> f32 {
  let s = sums_of(p, start);
  var sum = 0.0;
  for (var c = start; c < start + p.classes; c++) {
    let v = cooled(p, c) - s.largest;
    sum += exp(v.y - s.logs.y) * (v.y - v.x);
  }
  return sum - s.logs.y + s.logs.x;
}

fn coin_divergence(p: Params, start: u32) -> f32 {
  var sum = 0.0;
  for (var c = start; c < start + p.classes; c++) {
    let v = cooled(p, c);
    sum += sigmoid(v.y) * (v.y - v.x) + softplus(v.x) - softplus(v.y);
  }
  return sum;
}

// Bindings a and b hold the student's and the teacher's logits here and below.
@compute @workgroup_size(64)
fn divergence(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.rows) {
    return;
  }
  var sum = 0.0;
  for (var start = row * p.cols; start < (row + 1u) * p.cols; start += p.classes) {
    if (BERNOULLI) {
      sum += coin_divergence(p, start);
    } else {
      sum += softmax_divergence(p, start);
    }
  }
  let found = p.temperature * p.temperature * sum * f32(p.classes) / f32(p.cols);
  kl[row] = found;
  out[row] = p.scale * row_weight(row) * found;
}

@compute @workgroup_size(64)
fn divergence_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let groups = p.cols / p.classes;
  if (i >= p.rows * groups) {
    return;
  }
  let row = i / groups;
  let start = i * p.classes;
  let factor = p.weight * p.scale * row_weight(row) * p.temperature / f32(groups);
  var s = Sums();
  if (!BERNOULLI) {
    s = sums_of(p, start);
  }
  for (var c = start; c < start + p.classes; c++) {
    let v = cooled(p, c);
    var gap = sigmoid(v.x) - sigmoid(v.y);
    if (!BERNOULLI) {
      let both = exp(v - s.largest - s.logs);
      gap = both.x - both.y;
    }
    out[c] = factor * gap + earlier(p, row, c - row * p.cols);
  }
}

// Binding a holds kl here.
@compute @workgroup_size(64)
fn weight_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < p.rows) {
    out[i] = p.weight * p.scale * a[i] + earlier(p, i / p.cols, i % p.cols);
  }
}
