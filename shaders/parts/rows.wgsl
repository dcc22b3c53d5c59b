// Lanes that share a row: GROUP of them, a whole workgroup, or one that has the row for itself. Of the file that takes this in: GROUP, and
// Gathered, what each lane has of the row (a float or a vector of them).
var<workgroup> gathered: array<Gathered, GROUP>;

// The largest or the sum over the lanes that share a row.
fn over_row(v: Gathered, largest: bool, lane: u32) -> Gathered {
  if (GROUP == 1u) {
    return v;
  } else {
    workgroupBarrier();
    gathered[lane] = v;
    for (var half = GROUP / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) {
        let next = gathered[lane + half];
        gathered[lane] = select(gathered[lane] + next, max(gathered[lane], next), largest);
      }
    }
    workgroupBarrier();
    return gathered[0];
  }
}

// The line of a lane's row; past the last there are lanes without any.
fn line_of(group: vec3u, local: u32) -> u32 {
  return (group.x + group.y * 65535u) * (64u / GROUP) + local / GROUP;
}
