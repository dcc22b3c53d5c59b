// From image to tokens: x[b,0] = cls + pos[0], x[b,1+j] = embedding of patch i + pos[1+i], i = kept[b,j] (or j). With LEAD = 2 a
// distillation token follows the class token; without PLACED these two have no position, and patch i has pos[i].
//
//   patchify           rows of pixels, one per patch, channels first as in a convolution weight [D, C, P, P]; patches may overlap
//   assemble           adds positions and the class token to the embedded patches
//   assemble_backward  the gradient of the embedded patches (their rows of g), of pos, and of cls and dist (sums over images)
//
// Patches that are not kept are never embedded: that is where masking saves first.
const KEPT = false;
const LEAD = 1u; // tokens before the patches
const PLACED = true; // they have positions

struct Params {
  batch: u32,
  channels: u32,
  rows: u32, // pixels of an image
  columns: u32,
  side: u32, // pixels of a patch
  stride: u32, // pixels from patch to patch
  across: u32, // patches in a row of them
  patches: u32, // of the whole image
  kept_count: u32, // = patches without KEPT
  width: u32,
}

@group(0) @binding(0) var<storage, read> images: array<f32>;
@group(0) @binding(1) var<storage, read> embedded: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> kept: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read> pos: array<f32>;
@group(0) @binding(6) var<storage, read> cls: array<f32>;
@group(0) @binding(7) var<storage, read_write> dpos: array<f32>;
@group(0) @binding(8) var<storage, read_write> dcls: array<f32>;
@group(0) @binding(9) var<storage, read> dist: array<f32>;
@group(0) @binding(10) var<storage, read_write> ddist: array<f32>;
@group(0) @binding(11) var<uniform> p: Params;

fn patch_of(image: u32, slot: u32) -> u32 {
  if (KEPT) {
    return min(kept[image * p.kept_count + slot], p.patches - 1u);
  } else {
    return slot;
  }
}

@compute @workgroup_size(64)
fn patchify(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.side * p.side;
  let cols = p.channels * area;
  if (i >= p.batch * p.kept_count * cols) {
    return;
  }
  let row = i / cols;
  let c = i % cols;
  let image = row / p.kept_count;
  let source = patch_of(image, row % p.kept_count);
  let y = (source / p.across) * p.stride + (c % area) / p.side;
  let x = (source % p.across) * p.stride + c % p.side;
  out[i] = images[((image * p.channels + c / area) * p.rows + y) * p.columns + x];
}

fn position_of(patch_index: u32) -> u32 {
  if (PLACED) {
    return LEAD + patch_index;
  } else {
    return patch_index;
  }
}

@compute @workgroup_size(64)
fn assemble(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let tokens = p.kept_count + LEAD;
  if (i >= p.batch * tokens * p.width) {
    return;
  }
  let c = i % p.width;
  let token = (i / p.width) % tokens;
  let image = i / p.width / tokens;
  if (token < LEAD) {
    var v = cls[c];
    if (LEAD == 2u) {
      if (token == 1u) {
        v = dist[c];
      }
    }
    if (PLACED) {
      v += pos[token * p.width + c];
    }
    out[i] = v;
  } else {
    let slot = token - LEAD;
    out[i] = embedded[(image * p.kept_count + slot) * p.width + c] + pos[position_of(patch_of(image, slot)) * p.width + c];
  }
}

// One lane per token of a whole image and column. With KEPT it looks for the slots that hold its patch: no two lanes write the same row.
@compute @workgroup_size(64)
fn assemble_backward(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  if (i >= (p.patches + LEAD) * p.width) {
    return;
  }
  let c = i % p.width;
  let token = i / p.width;
  var sum = 0.0;
  for (var image = 0u; image < p.batch; image++) {
    let start = image * (p.kept_count + LEAD);
    if (token < LEAD) {
      sum += g[(start + token) * p.width + c];
    } else if (KEPT) {
      for (var slot = 0u; slot < p.kept_count; slot++) {
        if (patch_of(image, slot) == token - LEAD) {
          sum += pass_on(image, slot, c);
        }
      }
    } else {
      sum += pass_on(image, token - LEAD, c);
    }
  }
  if (PLACED) {
    dpos[i] = sum;
  } else {
    if (token >= LEAD) {
      dpos[i - LEAD * p.width] = sum;
    }
  }
  if (token == 0u) {
    dcls[c] = sum;
  }
  if (LEAD == 2u) {
    if (token == 1u) {
      ddist[c] = sum;
    }
  }
}

fn pass_on(image: u32, slot: u32, c: u32) -> f32 {
  let v = g[(image * (p.kept_count + LEAD) + LEAD + slot) * p.width + c];
  out[(image * p.kept_count + slot) * p.width + c] = v;
  return v;
}
