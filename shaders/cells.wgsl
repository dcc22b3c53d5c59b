// Maps cut into cells: tokens where nothing was seen, and tokens spread out to pixels again.
//
//   place           out = x + position(cell, c) + (1 - mask) token: a token's vector stands in for what is erased; with WHOLE
//                   nothing is erased
//   place_gradient  dtoken[b, c] = sum over the cells of image b of (1 - mask) g
//   shuffle         out[b, y, x, c] = x[b, y / p, x / p, y % p, x % p, c] for blocks of p x p pixels; unshuffle undoes it
//   weigh           out = mask / its mean over each image, with ERASED (1 - mask) / its mean; 0 where that is 0
//
// position: sines and cosines of row and column at wavelengths from 2 pi to 10000 * 2 pi (Vaswani et al. 2017), a quarter of
// the channels each: sin row, cos row, sin column, cos column; what four does not divide gets nothing.
// Layout. Cells are [images, height, width]; mask is [images, mask_h, mask_w], read at the nearest place as by maskCells.
const ERASED = false;
const WHOLE = false;
const ADD = false;

struct Params {
  images: u32,
  height: u32, // in cells
  width: u32,
  cols: u32,
  mask_h: u32,
  mask_w: u32,
  side: u32, // p
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read> token: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

const LOG2_10000 = 13.287712379549449;

fn erased(p: Params, image: u32, cell: u32) -> f32 {
  let y = (cell / p.width) * p.mask_h / p.height;
  let z = (cell % p.width) * p.mask_w / p.width;
  return 1.0 - mask[(image * p.mask_h + y) * p.mask_w + z];
}

fn position(p: Params, cell: u32, c: u32) -> f32 {
  let quarter = max(p.cols / 4u, 1u);
  let kind = c / quarter;
  let along = select(cell % p.width, cell / p.width, kind < 2u);
  let angle = f32(along) * exp2(-LOG2_10000 * f32(c % quarter) / f32(quarter));
  if (kind > 3u) {
    return 0.0;
  }
  return select(cos(angle), sin(angle), kind % 2u == 0u);
}

@compute @workgroup_size(64)
fn place(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let cells = p.height * p.width;
  if (i >= p.images * cells * p.cols) {
    return;
  }
  let c = i % p.cols;
  let row = i / p.cols;
  var v = x[i] + position(p, row % cells, c);
  if (!WHOLE) {
    v += erased(p, row / cells, row % cells) * token[c];
  }
  out[i] = v;
}

// x is the gradient of what `place` gave.
@compute @workgroup_size(64)
fn place_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= p.images * p.cols) {
    return;
  }
  let image = i / p.cols;
  let cells = p.height * p.width;
  var sum = 0.0;
  for (var cell = 0u; cell < cells; cell++) {
    sum += erased(p, image, cell) * x[(image * cells + cell) * p.cols + i % p.cols];
  }
  out[i] = sum;
}

// Where the element i of the tokens lies in the map.
fn pixel_of(p: Params, i: u32) -> u32 {
  let c = i % p.cols;
  let inner = (i / p.cols) % (p.side * p.side);
  let cell = i / p.cols / (p.side * p.side);
  let line = cell / p.width * p.side + inner / p.side;
  return (line * p.width * p.side + cell % p.width * p.side + inner % p.side) * p.cols + c;
}

fn elements(p: Params) -> u32 {
  return p.images * p.height * p.width * p.side * p.side * p.cols;
}

@compute @workgroup_size(64)
fn shuffle(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i < elements(p)) {
    out[pixel_of(p, i)] = x[i];
  }
}

@compute @workgroup_size(64)
fn unshuffle(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  if (i >= elements(p)) {
    return;
  }
  var v = x[pixel_of(p, i)];
  if (ADD) {
    let cols = p.side * p.side * p.cols;
    let row = i / cols;
    if (row % p.add_every == 0u) {
      v += other[p.add_offset + (row / p.add_every) * p.add_stride + i % cols];
    }
  }
  out[i] = v;
}

@compute @workgroup_size(64)
fn weigh(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = id.x + id.y * 65535u * 64u;
  let cells = p.height * p.width;
  if (i >= p.images * cells) {
    return;
  }
  var sum = 0.0;
  for (var cell = 0u; cell < cells; cell++) {
    let m = mask[(i / cells) * cells + cell];
    sum += select(m, 1.0 - m, ERASED);
  }
  let own = select(mask[i], 1.0 - mask[i], ERASED);
  out[i] = select(0.0, own * f32(cells) / sum, sum > 0.0);
}
