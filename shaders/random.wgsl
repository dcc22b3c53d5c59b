// Uniform random numbers, a pure function of (seed, stream, step, index); twin of src/engine/random.ts.
//
// Formula  word = Philox-4x32-10(counter = [index, step, stream, 0], key = [seed, 0])[0];  out = (word >> 8) * 2^-24.
//          Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
// Layout   out[count], one invocation per element. More than 65535 workgroups do not fit one axis of a dispatch, so they
//          fold into rows: dispatch (min(groups, 65535), ceil(groups / 65535)).
// Trick    WGSL has no 64-bit integers: the upper half of a 32 x 32 product is put together from 16-bit halves, of which
//          no partial sum overflows. 24 bits fit an f32 exactly, so both twins give the same float bit for bit.

struct Params {
  count: u32,
  seed: u32,
  stream: u32,
  step: u32,
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

const MULTIPLIER_0 = 0xD2511F53u;
const MULTIPLIER_1 = 0xCD9E8D57u;
const WEYL_0 = 0x9E3779B9u;
const WEYL_1 = 0xBB67AE85u;
const ROUNDS = 10u;

fn mulhi(a: u32, b: u32) -> u32 {
  let a_low = a & 0xFFFFu;
  let a_high = a >> 16u;
  let b_low = b & 0xFFFFu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xFFFFu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn philox4x32(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < ROUNDS; round++) {
    c = vec4<u32>(
      mulhi(MULTIPLIER_1, c.z) ^ c.y ^ k.x,
      MULTIPLIER_1 * c.z,
      mulhi(MULTIPLIER_0, c.x) ^ c.w ^ k.y,
      MULTIPLIER_0 * c.x,
    );
    k += vec2<u32>(WEYL_0, WEYL_1);
  }
  return c;
}

@compute @workgroup_size(64)
fn uniform_fill(@builtin(global_invocation_id) gid: vec3<u32>) {
  let i = gid.x + gid.y * 65535u * 64u;
  if (i >= params.count) {
    return;
  }
  let word = philox4x32(vec4<u32>(i, params.step, params.stream, 0u), vec2<u32>(params.seed, 0u)).x;
  out[i] = f32(word >> 8u) * 5.9604644775390625e-8;
}
