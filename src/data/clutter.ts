/** What is in a generated picture besides objects: small things behind them, bars before them. None is of any class. */
import type { Draw } from "./draw";
import { type Placed, posed } from "./paint";
import { box, capsule, type Distance, disc, hollow, polygon } from "./shapes";

type Kind = (draw: Draw) => Distance;

/** Kinds of distractor: a bar, an L, a chip, a cap of a disc. */
export const PIECES: Kind[] = [
  (draw) => capsule(0.85, draw.range(0.07, 0.16)),
  (draw) => bent(draw.range(0.1, 0.18)),
  (draw) => chip(draw),
  () => hollow(disc(1), (x, y) => box(1.1, 0.5)(x, y - 0.4)),
];

/** The above and two dots; where discs may be small, a dot could be taken for one. */
export const PIECES_AND_DOTS: Kind[] = [...PIECES, (draw) => pair(draw.range(0.25, 0.4))];

/** Something small that is no class, anywhere; its radius is a share of the side between `smallest` and `largest`. */
export function distractor(draw: Draw, side: number, kinds: Kind[], smallest: number, largest: number): Placed {
  const shape = kinds[draw.below(kinds.length)](draw);
  const radius = side * draw.range(smallest, largest);
  return posed(shape, draw.range(0, side), draw.range(0, side), radius, draw.range(0, 2 * Math.PI), 1, draw.sign());
}

function bent(radius: number): Distance {
  const leg = capsule(0.7, radius);
  return (x, y) => Math.min(leg(x - 0.2, y + 0.5), leg(y - 0.2, x + 0.5));
}

/** An irregular quadrilateral, one side much shorter than the others. */
function chip(draw: Draw): Distance {
  return polygon([
    -1,
    draw.range(-0.3, 0),
    draw.range(-0.5, 0),
    -0.6,
    0.9,
    draw.range(-0.5, -0.2),
    draw.range(-0.2, 0.3),
    draw.range(0.2, 0.5),
  ]);
}

function pair(radius: number): Distance {
  const dot = disc(radius);
  return (x, y) => Math.min(dot(x - 0.6, y), dot(x + 0.6, y));
}

/** A thin bar over the object's rim: hides a little, never enough to hide the shape. */
export function occluder(draw: Draw, { x, y, scale }: Placed): Placed {
  const towards = draw.range(0, 2 * Math.PI);
  const away = scale * draw.range(0.5, 1);
  const bar = capsule(0.7, draw.range(0.06, 0.13));
  return posed(bar, x + away * Math.cos(towards), y + away * Math.sin(towards), scale, draw.range(0, 2 * Math.PI));
}
