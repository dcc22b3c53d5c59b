// Softmax and its logarithm along the rows of a matrix, and the gradients of both.
//
//   forward   y = exp(x - max) / sum exp(x - max)              LOG: y = x - max - log(sum exp(x - max))
//   backward  dx = y (g - sum(g y))                            LOG: dx = g - exp(y) sum(g)
//
// Layout. x, y and g are [rows, cols]; rows of x and g may lie any distance apart, results are dense. With ADD, `other`
// (a row for each add_every-th row) is added to the gradient.
// Trick. One lane owns a row, so nothing is shared and no barrier is needed. The row maximum is subtracted first: no
// exponent overflows, and the largest term is exactly 1, so the logarithm is never taken of zero.
const LOG = false;
const ADD = false;

struct Params {
  rows: u32,
  cols: u32,
  x_offset: u32, // backward: of g
  x_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> result: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

const LOWEST = -3.4028234663852886e38;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.rows) {
    return;
  }
  let start = p.x_offset + row * p.x_stride;
  var largest = LOWEST;
  for (var c = 0u; c < p.cols; c++) {
    largest = max(largest, input[start + c]);
  }
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    sum += exp(input[start + c] - largest);
  }
  for (var c = 0u; c < p.cols; c++) {
    let v = input[start + c] - largest;
    if (LOG) {
      out[row * p.cols + c] = v - log(sum);
    } else {
      out[row * p.cols + c] = exp(v) / sum;
    }
  }
}

// Binding input holds the gradient of y here.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.rows) {
    return;
  }
  let start = p.x_offset + row * p.x_stride;
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    if (LOG) {
      sum += input[start + c];
    } else {
      sum += input[start + c] * result[row * p.cols + c];
    }
  }
  for (var c = 0u; c < p.cols; c++) {
    let i = row * p.cols + c;
    var v = 0.0;
    if (LOG) {
      v = input[start + c] - exp(result[i]) * sum;
    } else {
      v = result[i] * (input[start + c] - sum);
    }
    if (ADD) {
      if (row % p.add_every == 0u) {
        v += other[p.add_offset + (row / p.add_every) * p.add_stride + c];
      }
    }
    out[i] = v;
  }
}
