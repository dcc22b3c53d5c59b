// Shows how the adapter lays a workgroup out into subgroups: out[i] = (subgroup size, place in the subgroup) of lane i.
enable subgroups;

@group(0) @binding(0) var<storage, read_write> out: array<vec2u>;

@compute @workgroup_size(64)
fn subgroup_layout(
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_size) size: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  out[local] = vec2u(size, lane);
}
