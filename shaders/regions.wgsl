// A spatial pyramid over feature maps: attention, averages and masks, region by region.
//
//   pixel_scores    s = sigmoid(sum_c x^2 / (tau C)) of each pixel; with RAW the same without sigmoid, with ABS sum_c |x| / (tau C)
//   normalise       within each region: a = s / mean(s), with SOFTMAX a = n softmax(s) (n pixels), else a = s
//   means           mean over each region's pixels of x / tau, or with ABS of |x| / tau
//   squash          a = sigmoid(x / tau)
//   threshold       mask = 0 where a >= omega, else 1; with BELOW 0 where a < omega
//   erase           x times a mask of pixels, or with CHANNELS a mask of each region's channels
//   open_seams      moves the cells of each level apart by a row and a column of zeros; close_seams moves them back
//   *_gradient      of the input; nothing flows to a mask, and from scores and averages only with the readings used by losses
//
// Layout. Maps are [batch, height, width, cols]; pixel t of one is t = row * width + column. A pyramid has `levels` levels of
// side x side cells whose edges are floor(i height / side): no overlap, nothing left over, and at every level the cells tile
// the map. Regions are numbered level by level, row by row. What differs between levels but covers the map is stacked in
// front of the batch, [levels, batch, height, width, ..], so that one convolution serves all of them.
// Trick. A constant region has to give a = 1 exactly, or a threshold of 1 would erase it or not by accident of rounding:
// means are taken of differences from the first pixel, and s = mean(s) is told apart.
const GROUP = 1u; // lanes that share a region in normalise: 1, or a workgroup
const SIDE = 1u; // of them each way
const ABS = false;
const RAW = false;
const MEAN = true; // normalise: by the mean
const SOFTMAX = false;
const BELOW = false;
const CHANNELS = false;
const ADD = false;

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  cols: u32,
  levels: u32,
  side0: u32, // cells per side of each level
  side1: u32,
  side2: u32,
  regions: u32, // of all levels together
  x_offset: u32, // means: where x begins
  gap: u32, // rows and columns that open seams add
  count: u32, // squash, threshold: elements
  tau: f32,
  omega: f32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

fn side_of(p: Params, level: u32) -> u32 {
  return select(select(p.side2, p.side1, level == 1u), p.side0, level == 0u);
}

// Number of a level's first region.
fn first_of(p: Params, level: u32) -> u32 {
  return select(0u, p.side0 * p.side0, level > 0u) + select(0u, p.side1 * p.side1, level > 1u);
}

// The cell, of `side` along `length`, that holds place i: the last one whose edge floor(cell length / side) is not beyond it.
fn cell_of(i: u32, side: u32, length: u32) -> u32 {
  return ((i + 1u) * side - 1u) / length;
}

// The region of a level that holds a pixel.
fn region_at(p: Params, level: u32, pixel: u32) -> u32 {
  let side = side_of(p, level);
  return first_of(p, level) + cell_of(pixel / p.width, side, p.height) * side + cell_of(pixel % p.width, side, p.width);
}

struct Region {
  level: u32,
  top: u32,
  left: u32,
  bottom: u32, // exclusive
  right: u32,
}

fn region(p: Params, number: u32) -> Region {
  let level = select(0u, 1u, number >= first_of(p, 1u)) + select(0u, 1u, number >= first_of(p, 2u));
  let side = side_of(p, level);
  let cell = number - first_of(p, level);
  let row = cell / side;
  let column = cell % side;
  return Region(level, row * p.height / side, column * p.width / side, (row + 1u) * p.height / side, (column + 1u) * p.width / side);
}

fn area(r: Region) -> f32 {
  return f32((r.bottom - r.top) * (r.right - r.left));
}

fn sigmoid(v: f32) -> f32 {
  return 1.0 / (1.0 + exp(-v));
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

@compute @workgroup_size(64)
fn pixel_scores(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let row = id.x + id.y * 65535u * 64u;
  if (row >= p.batch * p.height * p.width) {
    return;
  }
  var sum = 0.0;
  for (var c = 0u; c < p.cols; c++) {
    let v = x[row * p.cols + c];
    if (ABS) {
      sum += abs(v);
    } else {
      sum += v * v;
    }
  }
  let scaled = sum / (p.tau * f32(p.cols));
  if (ABS || RAW) {
    out[row] = scaled;
  } else {
    out[row] = sigmoid(scaled);
  }
}

// Of the reading ABS.
@compute @workgroup_size(64)
fn pixel_scores_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.height * p.width * p.cols) {
    return;
  }
  let row = i / p.cols;
  out[i] = g[row] * sign(x[i]) / (p.tau * f32(p.cols)) + earlier(p, row, i % p.cols);
}

// with rows.wgsl
alias Gathered = f32;

// Binding x holds the scores of pixels here. Of SIDE x SIDE lanes each takes every SIDE-th pixel, both ways.
@compute @workgroup_size(64)
fn normalise(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let line = line_of(group, local);
  let i = min(line, p.batch * p.regions - 1u);
  let lane = local % GROUP;
  let r = region(p, i % p.regions);
  let image = (i / p.regions) * p.height * p.width;
  let bottom = select(r.top, r.bottom, line < p.batch * p.regions); // lanes past the last region have no pixels
  let first = x[image + r.top * p.width + r.left];
  var most = first;
  var part = 0.0;
  for (var row = r.top + lane / SIDE; row < bottom; row += SIDE) {
    for (var column = r.left + lane % SIDE; column < r.right; column += SIDE) {
      let v = x[image + row * p.width + column];
      most = max(most, v);
      part += v - first;
    }
  }
  let largest = over_row(most, true, lane);
  let mean = first + over_row(part, false, lane) / area(r);
  var sum = 0.0;
  if (SOFTMAX) {
    part = 0.0;
    for (var row = r.top + lane / SIDE; row < bottom; row += SIDE) {
      for (var column = r.left + lane % SIDE; column < r.right; column += SIDE) {
        part += exp(x[image + row * p.width + column] - largest);
      }
    }
    sum = over_row(part, false, lane);
  }
  for (var row = r.top + lane / SIDE; row < bottom; row += SIDE) {
    for (var column = r.left + lane % SIDE; column < r.right; column += SIDE) {
      let at = image + row * p.width + column;
      var v = x[at];
      if (SOFTMAX) {
        v = area(r) * exp(v - largest) / sum;
      } else if (MEAN) {
        v = select(v / mean, 1.0, v == mean);
      }
      out[r.level * p.batch * p.height * p.width + at] = v;
    }
  }
}

@compute @workgroup_size(64)
fn means(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.regions * p.cols) {
    return;
  }
  let c = i % p.cols;
  let r = region(p, (i / p.cols) % p.regions);
  let image = (i / p.cols / p.regions) * p.height * p.width;
  var sum = 0.0;
  for (var row = r.top; row < r.bottom; row++) {
    for (var column = r.left; column < r.right; column++) {
      let v = x[p.x_offset + (image + row * p.width + column) * p.cols + c];
      if (ABS) {
        sum += abs(v);
      } else {
        sum += v;
      }
    }
  }
  out[i] = sum / (p.tau * area(r));
}

@compute @workgroup_size(64)
fn means_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.height * p.width * p.cols) {
    return;
  }
  let c = i % p.cols;
  let row = i / p.cols;
  let image = row / (p.height * p.width);
  var sum = 0.0;
  for (var level = 0u; level < p.levels; level++) {
    let number = region_at(p, level, row % (p.height * p.width));
    sum += g[(image * p.regions + number) * p.cols + c] / (p.tau * area(region(p, number)));
  }
  if (ABS) {
    sum *= sign(x[i]);
  }
  out[i] = sum + earlier(p, row, c);
}

@compute @workgroup_size(64)
fn squash(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < params.count) {
    out[i] = sigmoid(x[i] / params.tau);
  }
}

@compute @workgroup_size(64)
fn threshold(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i < params.count) {
    let above = x[i] >= params.omega;
    if (BELOW) {
      out[i] = select(0.0, 1.0, above);
    } else {
      out[i] = select(1.0, 0.0, above);
    }
  }
}

// The mask's value at a pixel of a stacked map and a channel.
fn kept(p: Params, row: u32, c: u32) -> f32 {
  if (CHANNELS) {
    let pixels = p.height * p.width;
    let level = row / (p.batch * pixels);
    let image = (row / pixels) % p.batch;
    return mask[(image * p.regions + region_at(p, level, row % pixels)) * p.cols + c];
  } else {
    return mask[row];
  }
}

@compute @workgroup_size(64)
fn erase(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let size = p.batch * p.height * p.width * p.cols;
  if (i < p.levels * size) {
    out[i] = x[i % size] * kept(p, i / p.cols, i % p.cols);
  }
}

@compute @workgroup_size(64)
fn erase_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let rows = p.batch * p.height * p.width;
  if (i >= rows * p.cols) {
    return;
  }
  let row = i / p.cols;
  let c = i % p.cols;
  var sum = 0.0;
  for (var level = 0u; level < p.levels; level++) {
    sum += g[i + level * rows * p.cols] * kept(p, row + level * rows, c);
  }
  out[i] = sum + earlier(p, row, c);
}

// Where place i of a side of `length` lies once its cells are apart; and back: the place that lies at i, or `length` in a seam.
fn opened(i: u32, side: u32, length: u32) -> u32 {
  return i + cell_of(i, side, length);
}

fn closed(i: u32, side: u32, length: u32) -> u32 {
  var found = length;
  for (var cell = 0u; cell < side; cell++) {
    let place = i - min(i, cell);
    if (i >= cell && place >= cell * length / side && place < (cell + 1u) * length / side) {
      found = place;
    }
  }
  return found;
}

@compute @workgroup_size(64)
fn open_seams(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let height = p.height + p.gap;
  let width = p.width + p.gap;
  if (i >= p.levels * p.batch * height * width * p.cols) {
    return;
  }
  let row = i / p.cols;
  let map = row / (height * width);
  let side = side_of(p, map / p.batch);
  let y = closed((row / width) % height, side, p.height);
  let across = closed(row % width, side, p.width);
  var v = 0.0;
  if (y < p.height && across < p.width) {
    v = x[((map * p.height + y) * p.width + across) * p.cols + i % p.cols];
  }
  out[i] = v + earlier(p, row, i % p.cols);
}

@compute @workgroup_size(64)
fn close_seams(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.levels * p.batch * p.height * p.width * p.cols) {
    return;
  }
  let row = i / p.cols;
  let map = row / (p.height * p.width);
  let side = side_of(p, map / p.batch);
  let y = opened((row / p.width) % p.height, side, p.height);
  let across = opened(row % p.width, side, p.width);
  let source = (map * (p.height + p.gap) + y) * (p.width + p.gap) + across;
  out[i] = x[source * p.cols + i % p.cols] + earlier(p, row, i % p.cols);
}
