// Images that were uploaded as bytes, normalised.
//
//   normalise   out[b, c, i] = values[c, bytes[b, c, i]]
//
// Layout. bytes u8 [batch, channels, area], four to a word, the lowest first. values [channels, 256]: what a byte becomes, worked out
// in double precision where the data are, so that it does not matter to a bit where images are normalised. One lane per word.
struct Params {
  count: u32, // bytes
  area: u32,
  channels: u32,
}

@group(0) @binding(0) var<storage, read> bytes: array<u32>;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn normalise(@builtin(global_invocation_id) id: vec3u) {
  let p = params;
  let first = 4u * (id.x + id.y * 65535u * 64u);
  if (first >= p.count) {
    return;
  }
  let word = bytes[first / 4u];
  for (var e = 0u; e < 4u; e++) {
    let i = first + e;
    if (i < p.count) {
      out[i] = values[(i / p.area) % p.channels * 256u + ((word >> (8u * e)) & 255u)];
    }
  }
}
