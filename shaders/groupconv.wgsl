// Grouped convolution of feature maps: the channels fall into groups, each with a kernel of its own.
//
//   y[b,oy,ox,o] = sum over ky,kx,c of w[o,ky,kx,c] x[b, oy STRIDE + ky - padding, ox STRIDE + kx - padding, first + c]
//
// with c below the channels of a group, first = the first channel of o's group, and x zero outside its map.
//
//   forward          y
//   input_gradient   dx[b,iy,ix,i] = sum over the taps and the group's o that reach it of w[o,ky,kx,c] g[b,oy,ox,o]
//   weight_gradient  dw = sum over pixels of g x, over a range of lines of y for each part
//
// Layout. Maps [B, H, W, C] and kernels [O, kh, kw, C / groups] without gaps; a group's channels come by fours.
//
// Trick. A group is too narrow for the tiles of gemm.wgsl: most of a tile's columns would lie outside. So a lane computes four
// channels of PIXELS pixels in a line, whose windows overlap: it loads ROW pixels once for all taps of a kernel's line, and each
// product of four channels with a block of the kernel is one of a vector and a matrix. All lanes of a workgroup compute the same four
// channels, so that they need the same kernel: with QUAD each lane of a quad loads one of its four rows and the quad passes them on.
// Lanes beyond the end, and taps outside the map, then go along with zeros. With a stride windows overlap less: a lane then computes OUTS
// such blocks of y from what it loaded. Where eight lanes share registers (EIGHT), each loads one of the eight rows of two blocks: of two
// blocks of channels, which a lane then computes of dx, too, or of two taps. For dx the lines of a workgroup are STRIDE apart, so that the
// same lines of the kernel reach them, while along a line a lane computes all PIXELS STRIDE pixels, each by the taps that reach it. For dw
// a lane keeps a 4 x 4 block of every tap of a kernel's line and slides along the map.
enable subgroups;

const QUAD = true;
const EIGHT = false; // eight lanes each load one of the eight rows of two blocks of the kernel
const KERNEL = 3u; // width of the kernel
const STRIDE = 1u;
const PIXELS = 4u;
const OUTS = 1u; // y and dx: blocks of four channels that a lane computes
const ROW = 6u; // pixels that are held: (PIXELS - 1) STRIDE + KERNEL, for dx PIXELS + TAPS - 1 and one more with a PHASE, for dw KERNEL + STRIDE
const TAPS = 3u; // of a line that can reach a pixel: KERNEL / STRIDE, rounded up
const PHASE = 0u; // padding, less as many STRIDEs as it holds
const HELD = 3u; // KERNEL OUTS / 2, rounded up
const BACK = false; // blocks of channels are the kernel's columns: dx
const ADD = false;
const WORKGROUP = 64u;

struct Params {
  batch: u32,
  height: u32, // of x
  width: u32,
  out_height: u32, // of y
  out_width: u32,
  channels: u32, // of x by fours, all and of a group
  group_channels: u32,
  outputs: u32, // of y by fours, all and of a group
  group_outputs: u32,
  kernel_height: u32,
  padding: u32,
  runs: u32, // of PIXELS pixels in a line, for dx PIXELS STRIDE
  lines: u32, // dw: of y in all maps, and those of a part
  part: u32,
  lanes: u32, // dw: of a part
  add_offset: u32,
  add_stride: u32,
  add_every: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<vec4f>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(5) var<uniform> params: Params;

fn index(id: vec3u) -> u32 {
  return id.x + id.y * 65535u * WORKGROUP;
}

// Four rows of the kernel from output channel 4 o on, at a tap and four of the group's channels.
fn block(p: Params, o: u32, tap: u32, c: u32, local: u32) -> mat4x4f {
  let pace = p.kernel_height * KERNEL * p.group_channels;
  let at = 4u * o * pace + tap * p.group_channels + c;
  if (QUAD) {
    let mine = w[at + (local & 3u) * pace];
    return mat4x4f(quadBroadcast(mine, 0u), quadBroadcast(mine, 1u), quadBroadcast(mine, 2u), quadBroadcast(mine, 3u));
  } else {
    return mat4x4f(w[at], w[at + pace], w[at + 2u * pace], w[at + 3u * pace]);
  }
}

// Of eight lanes that share the kernel: the rows each loads of its blocks for a line of taps and OUTS blocks of channels, of y, or of dx
// (BACK), where they are four of the kernel's columns. Block kx OUTS + e is that of tap kx and channels e; every load holds two of them.
fn held(p: Params, o: u32, ky: u32, c: u32, local: u32) -> array<vec4f, HELD> {
  var all: array<vec4f, HELD>;
  for (var h = 0u; h < HELD; h++) { // unroll
    let which = 2u * h + ((local >> 2u) & 1u);
    let column = select(0u, which % OUTS, BACK);
    let row = 4u * (o + which % OUTS - column) + (local & 3u);
    all[h] = w[((row * p.kernel_height + ky) * KERNEL + which / OUTS) * p.group_channels + c + column];
  }
  return all;
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let which = group.x + group.y * 65535u;
  let teams = p.outputs / OUTS;
  let o = which % teams * OUTS;
  let i = which / teams * WORKGROUP + local;
  let run = i % p.runs;
  let line = i / p.runs;
  let map = line / p.out_height;
  let first = o / p.group_outputs * p.group_channels;
  // Places left of or above the map are large as u32.
  let left = run * PIXELS * STRIDE - p.padding;
  var acc: array<vec4f, PIXELS * OUTS>;
  for (var ky = 0u; ky < p.kernel_height; ky++) {
    let y = (line - map * p.out_height) * STRIDE + ky - p.padding;
    let width = select(0u, p.width, y < p.height && map < p.batch);
    let base = (map * p.height + y) * p.width;
    for (var c = 0u; c < p.group_channels; c++) {
      var row: array<vec4f, ROW>;
      for (var k = 0u; k < ROW; k++) { // unroll
        let at = left + k;
        row[k] = select(vec4f(), x[(base + at) * p.channels + first + c], at < width);
      }
      var mine: array<vec4f, HELD>;
      if (EIGHT) {
        mine = held(p, o, ky, c, local);
      }
      for (var kx = 0u; kx < KERNEL; kx++) { // unroll
        for (var e = 0u; e < OUTS; e++) { // unroll
          var m: mat4x4f;
          if (EIGHT) {
            for (var r = 0u; r < 4u; r++) { // unroll
              m[r] = subgroupBroadcast(mine[(kx * OUTS + e) / 2u], (kx * OUTS + e) % 2u * 4u + r);
            }
          } else {
            m = block(p, o + e, ky * KERNEL + kx, c, local);
          }
          for (var k = 0u; k < PIXELS; k++) { // unroll
            acc[k * OUTS + e] += row[k * STRIDE + kx] * m;
          }
        }
      }
    }
  }
  if (map < p.batch) {
    for (var k = 0u; k < PIXELS; k++) { // unroll
      let at = run * PIXELS + k;
      if (at < p.out_width) {
        for (var e = 0u; e < OUTS; e++) { // unroll
          out[(line * p.out_width + at) * p.outputs + o + e] = acc[k * OUTS + e];
        }
      }
    }
  }
}

// The gradient that is there already.
fn earlier(p: Params, pixel: u32, c: u32) -> vec4f {
  if (ADD) {
    if (pixel % p.add_every == 0u) {
      let at = p.add_offset + pixel / p.add_every * p.add_stride + 4u * c;
      return vec4f(other[at], other[at + 1u], other[at + 2u], other[at + 3u]);
    }
  }
  return vec4f();
}

@compute @workgroup_size(WORKGROUP)
fn input_gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = params;
  let which = group.x + group.y * 65535u;
  let teams = p.channels / OUTS;
  let c = which % teams * OUTS;
  let rest = which / teams % STRIDE;
  let i = which / (teams * STRIDE) * WORKGROUP + local;
  let run = i % p.runs;
  let line = i / p.runs;
  let lines = (p.height + STRIDE - 1u) / STRIDE;
  let map = line / lines;
  let row_of_map = (line - map * lines) * STRIDE + rest;
  let inside = map < p.batch && row_of_map < p.height;
  let y = row_of_map + p.padding;
  // The first pixel, and the last answer that reaches it.
  let start = run * PIXELS * STRIDE;
  let reach = (start + p.padding) / STRIDE;
  let first = c / p.group_channels * p.group_outputs;
  var acc: array<vec4f, PIXELS * STRIDE * OUTS>;
  for (var ky = (rest + p.padding) % STRIDE; ky < p.kernel_height; ky += STRIDE) {
    let oy = (y - ky) / STRIDE;
    let width = select(0u, p.out_width, ky <= y && oy < p.out_height && inside);
    let base = (map * p.out_height + oy) * p.out_width;
    for (var o = 0u; o < p.group_outputs; o++) {
      var row: array<vec4f, ROW>;
      for (var k = 0u; k < ROW; k++) { // unroll
        let at = reach + k - (TAPS - 1u);
        row[k] = select(vec4f(), g[(base + at) * p.outputs + first + o], at < width);
      }
      var mine: array<vec4f, HELD>;
      if (EIGHT) {
        mine = held(p, first + o, ky, c % p.group_channels, local);
      }
      for (var kx = 0u; kx < KERNEL; kx++) { // unroll
        // Of every STRIDE pixels it reaches one.
        for (var e = 0u; e < OUTS; e++) { // unroll
          var m: mat4x4f;
          if (EIGHT) {
            for (var r = 0u; r < 4u; r++) { // unroll
              m[r] = subgroupBroadcast(mine[(kx * OUTS + e) / 2u], (kx * OUTS + e) % 2u * 4u + r);
            }
          } else {
            m = block(p, first + o, ky * KERNEL + kx, c % p.group_channels + e, local);
          }
          for (var k = 0u; k < PIXELS; k++) { // unroll
            acc[(k * STRIDE + (kx + STRIDE - PHASE) % STRIDE) * OUTS + e] += m * row[k + ((kx + STRIDE - PHASE) % STRIDE + PHASE) / STRIDE + (TAPS - 1u) - kx / STRIDE];
          }
        }
      }
    }
  }
  if (inside) {
    for (var k = 0u; k < PIXELS * STRIDE; k++) { // unroll
      let at = start + k;
      if (at < p.width) {
        let pixel = (map * p.height + row_of_map) * p.width + at;
        for (var e = 0u; e < OUTS; e++) { // unroll
          out[pixel * p.channels + c + e] = acc[k * OUTS + e] + earlier(p, pixel, c + e);
        }
      }
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn weight_gradient(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let i = index(id);
  let part = i / p.lanes;
  let lane = i % p.lanes;
  let begin = part * p.part;
  if (begin >= p.lines) {
    return;
  }
  let c = lane % p.group_channels;
  let ky = lane / p.group_channels % p.kernel_height;
  let o = lane / p.group_channels / p.kernel_height;
  let first = o / p.group_outputs * p.group_channels;
  var acc: array<mat4x4f, KERNEL>;
  for (var line = begin; line < min(begin + p.part, p.lines); line++) {
    let map = line / p.out_height;
    let y = (line - map * p.out_height) * STRIDE + ky - p.padding;
    if (y < p.height) {
      let base = (map * p.height + y) * p.width;
      var row: array<vec4f, ROW>;
      for (var k = 0u; k < KERNEL; k++) { // unroll
        let at = k - p.padding;
        row[k] = select(vec4f(), x[(base + at) * p.channels + first + c], at < p.width);
      }
      for (var ox = 0u; ox < p.out_width; ox++) {
        let d = g[(line * p.out_width + ox) * p.outputs + o];
        for (var k = 0u; k < KERNEL; k++) { // unroll
          acc[k] += mat4x4f(row[k] * d.x, row[k] * d.y, row[k] * d.z, row[k] * d.w);
        }
        for (var e = 0u; e < STRIDE; e++) { // unroll
          let at = ox * STRIDE + KERNEL + e - p.padding;
          row[KERNEL + e] = select(vec4f(), x[(base + at) * p.channels + first + c], at < p.width);
        }
        for (var k = 0u; k < KERNEL; k++) { // unroll
          row[k] = row[k + STRIDE];
        }
      }
    }
  }
  let pace = p.kernel_height * KERNEL * p.group_channels;
  let at = part * 4u * p.outputs * pace + 4u * o * pace + ky * KERNEL * p.group_channels + c;
  for (var k = 0u; k < KERNEL; k++) { // unroll
    for (var r = 0u; r < 4u; r++) { // unroll
      out[at + r * pace + k * p.group_channels] = acc[k][r];
    }
  }
}
