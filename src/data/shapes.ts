/**
 * The twelve shapes of Scenes as signed distances: negative inside, in units where the shape's circumradius is about 1.
 *
 * Every function is 1-Lipschitz (the true distance or a lower bound of it), so one sample at a pixel's centre tells
 * whether an edge can cross that pixel at all. Proportions vary within a class; only the outline says the class.
 *
 * Polygon and heart distances after I. Quilez, "2D distance functions" (iquilezles.org), MIT.
 */

/** Signed distance from (x, y) to an outline. */
export type Distance = (x: number, y: number) => number;
/** A number in [low, high). */
export type Range = (low: number, high: number) => number;

export interface Shape {
  name: string;
  /** One instance of the shape, with proportions drawn from `range`. */
  make(range: Range): Distance;
}

export const SHAPES: Shape[] = [
  { name: "disc", make: () => disc(1) },
  { name: "ring", make: (range) => hollow(disc(1), disc(range(0.5, 0.68))) },
  { name: "square", make: () => box(0.8, 0.8) },
  { name: "frame", make: (range) => hollow(box(0.8, 0.8), squareOf(range(0.4, 0.54))) },
  { name: "triangle", make: () => polygon(spokes(3, [1])) },
  { name: "star", make: (range) => polygon(spokes(5, [1, range(0.38, 0.48)])) },
  { name: "cross", make: (range) => crossOf(range(0.2, 0.32)) },
  { name: "crescent", make: (range) => crescent(range(0.75, 0.85), range(0.45, 0.6)) },
  { name: "heart", make: () => heart },
  { name: "arrow", make: (range) => arrow(range(0.14, 0.24), range(-0.05, 0.2)) },
  { name: "bolt", make: (range) => bolt(range(0.1, 0.2)) },
  { name: "hourglass", make: (range) => hourglass(range(0.06, 0.16), range(0.6, 0.75)) },
];

export function disc(radius: number): Distance {
  return (x, y) => Math.sqrt(x * x + y * y) - radius;
}

export function box(halfWidth: number, halfHeight: number): Distance {
  return (x, y) => {
    const dx = Math.abs(x) - halfWidth;
    const dy = Math.abs(y) - halfHeight;
    if (dx > 0 && dy > 0) return Math.sqrt(dx * dx + dy * dy);
    return Math.max(dx, dy);
  };
}

/** A bar with round ends along x. */
export function capsule(halfLength: number, radius: number): Distance {
  return (x, y) => {
    const dx = Math.max(0, Math.abs(x) - halfLength);
    return Math.sqrt(dx * dx + y * y) - radius;
  };
}

/** `outer` without `inner`. */
export function hollow(outer: Distance, inner: Distance): Distance {
  return (x, y) => Math.max(outer(x, y), -inner(x, y));
}

/** A polygon from its vertices x0, y0, x1, y1, ..., in either direction. */
export function polygon(vertices: number[]): Distance {
  const v = Float64Array.from(vertices);
  return (x, y) => {
    let square = Infinity;
    let inside = false;
    for (let i = 0, j = v.length - 2; i < v.length; j = i, i += 2) {
      const ex = v[j] - v[i];
      const ey = v[j + 1] - v[i + 1];
      const wx = x - v[i];
      const wy = y - v[i + 1];
      const along = Math.min(1, Math.max(0, (wx * ex + wy * ey) / (ex * ex + ey * ey)));
      const bx = wx - ex * along;
      const by = wy - ey * along;
      square = Math.min(square, bx * bx + by * by);
      // The edge crosses the ray from (x, y) towards +x.
      if (v[i + 1] > y !== v[j + 1] > y && x < v[i] + (wy * ex) / ey) inside = !inside;
    }
    return inside ? -Math.sqrt(square) : Math.sqrt(square);
  };
}

/** Vertices at equal angles, `count` times through `radii`. */
export function spokes(count: number, radii: number[]): number[] {
  const n = count * radii.length;
  return Array.from({ length: n }, (_, i) => {
    const angle = (2 * Math.PI * i) / n;
    return [radii[i % radii.length] * Math.sin(angle), -radii[i % radii.length] * Math.cos(angle)];
  }).flat();
}

function squareOf(half: number): Distance {
  return box(half, half);
}

function crossOf(half: number): Distance {
  const across = box(1, half);
  const down = box(half, 1);
  return (x, y) => Math.min(across(x, y), down(x, y));
}

/** The unit disc without a disc of `radius` whose centre lies `offset` to the right. */
function crescent(radius: number, offset: number): Distance {
  const bite = disc(radius);
  return hollow(disc(1), (x, y) => bite(x - offset, y));
}

/** Half the height of a heart whose lobes and tip reach 1. */
const HEART = 0.62;

function heart(u: number, v: number): number {
  const x = Math.abs(u) * HEART;
  const y = 0.55 - v * HEART;
  if (x + y > 1) return (Math.hypot(x - 0.25, y - 0.75) - Math.SQRT2 / 4) / HEART;
  const middle = 0.5 * Math.max(x + y, 0);
  const square = Math.min(x * x + (y - 1) ** 2, (x - middle) ** 2 + (y - middle) ** 2);
  return (Math.sign(x - y) * Math.sqrt(square)) / HEART;
}

/** Points up; the head's base at height `neck`. */
function arrow(shaft: number, neck: number): Distance {
  return polygon([0, -1, 0.75, neck, shaft, neck, shaft, 1, -shaft, 1, -shaft, neck, -0.75, neck]);
}

/** A lightning bolt; `step` is how far its two halves overlap. */
function bolt(step: number): Distance {
  return polygon([0.3, -1, -0.7, step, -0.05, step, -0.3, 1, 0.7, -step, 0.05, -step]);
}

/** Two triangles tip to tip with a narrow waist. */
function hourglass(waist: number, half: number): Distance {
  return polygon([-half, -0.9, half, -0.9, waist, 0, half, 0.9, -half, 0.9, -waist, 0]);
}
