/** Generated pictures of several objects: where they stand, what hides what, and which pixels show which of them. */
import { distractor, occluder, PIECES } from "./clutter";
import type { Draw } from "./draw";
import { background, type Canvas, contrasting, fill, type Placed, posed, silhouette, stamp } from "./paint";
import type { Distance, Shape } from "./shapes";

/** What must stay visible of every object, and how often another place is tried for one that hides too much. */
const VISIBLE = 0.5;
const TRIES = 12;
/** An object of fewer pixels could not be recognised. */
const FEWEST_PIXELS = 6;

export interface Composition {
  /** One for each class. */
  shapes: readonly Shape[];
  /** Most objects. */
  most: number;
  /** Least and greatest radius as shares of the side, drawn evenly on a logarithmic scale. */
  radii: readonly [number, number];
  /** The same of what is no object and lies behind them. */
  clutter: readonly [number, number];
}

/** A picture before noise, and what stands on it. Class c of C typically has a hue near c / C. */
export function composed(draw: Draw, side: number, composition: Composition): { canvas: Canvas; layout: Layout } {
  const { shapes, clutter } = composition;
  const canvas: Canvas = { side, rgb: new Float32Array(3 * side * side) };
  const ground = background(canvas, draw);
  const layout = laidOut(draw, side, composition);
  const colours = layout.items.map(({ category }) =>
    category === undefined ? draw.colour() : contrasting(draw, ground, category / shapes.length),
  );
  for (let n = 3 + draw.below(5); n > 0; n--) {
    // A third of the clutter shares the colour of something before it, so colour alone does not find the objects.
    const colour = draw.unit() < 0.33 ? colours[draw.below(colours.length)] : draw.colour();
    stamp(canvas, distractor(draw, side, PIECES, ...clutter), fill(draw, colour));
  }
  for (const [i, { placed }] of layout.items.entries()) stamp(canvas, placed, fill(draw, colours[i]));
  return { canvas, layout };
}

/** One object or more, a third of them with a bar in front; fewer where there is no room. */
function laidOut(draw: Draw, side: number, { shapes, most, radii }: Composition): Layout {
  const layout = new Layout(side);
  for (let n = 1 + draw.below(most); n > 0; n--) {
    const category = draw.below(shapes.length);
    const shape = shapes[category].make(draw.range);
    for (let tries = 0; tries < TRIES; tries++) {
      const placed = place(draw, side, shape, radii);
      if (!layout.put(placed, category)) continue;
      if (draw.unit() < 0.33) layout.put(occluder(draw, placed));
      break;
    }
  }
  return layout;
}

/** Any size, turn and place; up to half of it may lie beyond the border. */
function place(draw: Draw, side: number, shape: Distance, [smallest, largest]: readonly [number, number]): Placed {
  const radius = side * smallest * (largest / smallest) ** draw.unit();
  const margin = 0.3 * radius;
  const x = draw.range(margin, side - margin);
  const y = draw.range(margin, side - margin);
  return posed(shape, x, y, radius, draw.range(0, 2 * Math.PI), Math.exp(draw.range(-0.2, 0.2)), draw.sign());
}

interface Item {
  placed: Placed;
  /** None for what is no object. */
  category?: number;
}

/** Things before one another, the later in front, and what is seen of each. */
export class Layout {
  readonly items: Item[] = [];
  /** Which item is seen at each pixel, from 1; 0 is the background. */
  readonly seen: Uint8Array;
  /** Pixels each item covers inside the picture, and those of them that are seen. */
  private readonly covered = [0];
  private readonly left = [0];

  constructor(readonly side: number) {
    this.seen = new Uint8Array(side * side);
  }

  /** Puts something in front of all others, unless that would hide too much of an object, or show too little of this one. */
  put(placed: Placed, category?: number): boolean {
    const pixels = silhouette(this.side, placed);
    const left = [...this.left];
    for (const pixel of pixels) left[this.seen[pixel]]--;
    const hides = this.items.some((item, i) => item.category !== undefined && left[i + 1] < VISIBLE * this.covered[i + 1]);
    if (hides || pixels.length < FEWEST_PIXELS) return false;
    this.items.push({ placed, category });
    for (const pixel of pixels) this.seen[pixel] = this.items.length;
    this.covered.push(pixels.length);
    this.left.splice(0, Infinity, ...left, pixels.length);
    return true;
  }
}
