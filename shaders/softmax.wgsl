// Softmax and its logarithm along the rows of a matrix, and the gradients of both.
//
//   forward   y = exp(x - max) / sum exp(x - max)              LOG: y = x - max - log(sum exp(x - max))
//   backward  dx = y (g - sum(g y))                            LOG: dx = g - exp(y) sum(g)
//
// Layout. x, y and g are [rows, cols]; rows of x and g may lie any distance apart, results are dense. With ADD, `other`
// (a row for each add_every-th row) is added to the gradient.
// GROUP lanes share a row, each with every GROUP-th column.
// Trick. The row maximum is subtracted first: no exponent overflows, and the largest term is exactly 1, so the logarithm is
// never taken of zero.
const GROUP = 1u; // or 64, a workgroup
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

// with rows.wgsl
alias Gathered = f32;

@compute @workgroup_size(64)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let start = p.x_offset + row * p.x_stride;
  var most = LOWEST;
  for (var c = lane; c < cols; c += GROUP) {
    most = max(most, input[start + c]);
  }
  let largest = over_row(most, true, lane);
  var part = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    part += exp(input[start + c] - largest);
  }
  let sum = over_row(part, false, lane);
  for (var c = lane; c < cols; c += GROUP) {
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
fn backward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let line = line_of(group, local);
  let row = min(line, p.rows - 1u);
  let cols = select(0u, p.cols, line < p.rows);
  let lane = local % GROUP;
  let start = p.x_offset + row * p.x_stride;
  var part = 0.0;
  for (var c = lane; c < cols; c += GROUP) {
    if (LOG) {
      part += input[start + c];
    } else {
      part += input[start + c] * result[row * p.cols + c];
    }
  }
  let sum = over_row(part, false, lane);
  for (var c = lane; c < cols; c += GROUP) {
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
