// SpecAugment: of each picture [C, rows, columns] one range of rows and one of columns take the value `fill`. A range is trunc(u most)
// wide and begins at trunc(v (size - u most)), for uniform draws u, v in [0, 1) of its own: as torchaudio masks along an axis.
struct Params {
  batch: u32,
  channels: u32,
  rows: u32,
  columns: u32,
  most_rows: f32,
  most_columns: f32,
  fill: f32,
}

@group(0) @binding(0) var<storage, read> pictures: array<f32>;
@group(0) @binding(1) var<storage, read> draws: array<f32>; // [batch, 4]: width and place of rows, of columns
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

fn masked(at: u32, size: u32, most: f32, first: u32) -> bool {
  let width = draws[first] * clamp(most, 0.0, f32(size));
  let start = u32(draws[first + 1u] * (f32(size) - width));
  return at >= start && at < start + u32(width);
}

@compute @workgroup_size(64)
fn mask(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * 65535u * 64u;
  let area = p.rows * p.columns;
  if (i >= p.batch * p.channels * area) {
    return;
  }
  let row = (i % area) / p.columns;
  let draw = 4u * (i / area / p.channels);
  if (masked(row, p.rows, p.most_rows, draw) || masked(i % p.columns, p.columns, p.most_columns, draw + 2u)) {
    out[i] = p.fill;
  } else {
    out[i] = pictures[i];
  }
}
