// One level of the two-dimensional Haar wavelet transform, and FreeKD's weights for it.
//
//   forward         of each block [[a, b], [c, d]]: band 0 (a + b + c + d) / 2, what is left for the next level; band 1 the
//                   difference of its rows (a + b - c - d) / 2, band 2 of its columns (a - b + c - d) / 2, band 3 (a - b - c + d) / 2
//   backward        the transform is its own transpose: every pixel gets half the signed sum of its block's four gradients
//   prompt_weights  of bands 1 to 3 of a block: mean over prompts t of sigmoid(sum_c P[t, c] (band 1 + band 2 + band 3)[c]);
//                   0 for band 0
//
// Layout. x is [batch, height, width, cols], its rows any distance apart: band 0 of the level above is such a view. Bands are
// [batch, half, half, 4, cols], halves rounded up; beyond the border there are zeros. One lane per result.
const ADD = false;

struct Params {
  batch: u32,
  height: u32,
  width: u32,
  cols: u32,
  prompt_count: u32,
  x_offset: u32,
  x_stride: u32,
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> prompts: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

// Sign of a pixel (its row and column in the block, 0 or 1) in a band.
fn sign_of(band: u32, row: u32, column: u32) -> f32 {
  let flips = (band & 1u) * row + (band >> 1u) * column;
  return select(1.0, -1.0, flips == 1u);
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let tall = (p.height + 1u) / 2u;
  let wide = (p.width + 1u) / 2u;
  if (i >= p.batch * tall * wide * 4u * p.cols) {
    return;
  }
  let c = i % p.cols;
  let band = (i / p.cols) % 4u;
  let block = i / p.cols / 4u;
  let column = 2u * (block % wide);
  let row = 2u * ((block / wide) % tall);
  var sum = 0.0;
  for (var y = row; y < min(row + 2u, p.height); y++) {
    for (var across = column; across < min(column + 2u, p.width); across++) {
      let pixel = ((block / wide / tall) * p.height + y) * p.width + across;
      sum += sign_of(band, y - row, across - column) * x[p.x_offset + pixel * p.x_stride + c];
    }
  }
  out[i] = 0.5 * sum;
}

// Binding x holds the gradient of the bands here.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.batch * p.height * p.width * p.cols) {
    return;
  }
  let c = i % p.cols;
  let pixel = i / p.cols;
  let column = pixel % p.width;
  let row = (pixel / p.width) % p.height;
  let block = ((pixel / p.width / p.height) * ((p.height + 1u) / 2u) + row / 2u) * ((p.width + 1u) / 2u) + column / 2u;
  var v = 0.0;
  for (var band = 0u; band < 4u; band++) {
    v += 0.5 * sign_of(band, row % 2u, column % 2u) * x[(block * 4u + band) * p.cols + c];
  }
  if (ADD) {
    if (pixel % p.add_every == 0u) {
      v += other[p.add_offset + (pixel / p.add_every) * p.add_stride + c];
    }
  }
  out[i] = v;
}

// Binding x holds the bands here; one lane per block.
@compute @workgroup_size(64)
fn prompt_weights(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let block = id.x + id.y * 65535u * 64u;
  if (block >= p.batch * p.height * p.width) {
    return;
  }
  let first = block * 4u * p.cols;
  var mean = 0.0;
  for (var t = 0u; t < p.prompt_count; t++) {
    var dot = 0.0;
    for (var c = 0u; c < p.cols; c++) {
      let at = first + p.cols + c;
      dot += prompts[t * p.cols + c] * (x[at] + x[at + p.cols] + x[at + 2u * p.cols]);
    }
    mean += 1.0 / (1.0 + exp(-dot));
  }
  out[4u * block] = 0.0;
  for (var band = 1u; band < 4u; band++) {
    out[4u * block + band] = mean / f32(p.prompt_count);
  }
}
