/** One image under a layer: its patches faded where they are not kept, or coloured by value. */
import { GridCanvas } from "../../draw/GridCanvas";
import { cellsOf } from "../../draw/grid";
import { EvenLegend, Legend } from "../../draw/Legend";
import { bake, paintGrid, paintHeat, paintMask, paintMultiples, paintPicture } from "../../draw/patches";
import { short } from "../../format";
import type { Layer } from "./layer";

/** An image in colour, and in grey where colour is to mean something else. */
export interface Baked {
  colour: HTMLCanvasElement;
  grey: HTMLCanvasElement;
}

/** Images u8 [n, channels, side, columns] as canvases. */
export function bakedOf(images: Uint8Array, side: number, channels: number, columns = side): Baked[] {
  const area = side * columns;
  return Array.from({ length: images.length / area / channels }, (_, i) => {
    const planes = images.subarray(i * channels * area, (i + 1) * channels * area);
    const value = (pixel: number, channel: number) => planes[(channels === 1 ? 0 : channel) * area + pixel];
    return { colour: bake([side, columns], value), grey: bake([side, columns], value, true) };
  });
}

/** What the colours of a layer stand for. */
export function LayerLegend({ layer: { times, values, range } }: { layer: Layer }) {
  if (!values) return null;
  return times ? <EvenLegend /> : <Legend low={range[0]} high={range[1]} />;
}

interface Props {
  layer: Layer;
  picture: Baked;
  index: number;
  /** What the image shows, in a word. */
  subject: string;
  /** How many patches are kept, where the layer does not say so itself. */
  kept?: number;
  onRead(text: string): void;
  onClick?(): void;
}

export function LayerCanvas({ layer, picture, index, subject, kept: told, onRead, onClick }: Props) {
  const { grid } = layer;
  const values = layer.values?.(index);
  const kept = layer.kept?.(index);
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, values ? picture.grey : picture.colour);
    if (values && layer.times) {
      context.globalAlpha = 0.72;
      paintMultiples(context, values, grid);
      context.globalAlpha = 1;
    } else if (values) paintHeat(context, values, grid, layer.range, 0.72);
    else if (kept) paintMask(context, kept, grid);
    paintGrid(context, grid);
  };
  const describe = (cell: number) =>
    [kept && (kept.has(cell) ? "kept" : "masked"), values && `${layer.unit} ${short(values[cell])}`].filter(Boolean).join(", ") || "shown";
  const k = kept?.size ?? told;
  return (
    <GridCanvas
      grid={grid}
      label={`${layer.title}, image ${index + 1}, ${subject}. ${k === undefined ? "" : `${k} of ${cellsOf(grid)} patches kept.`}`}
      paint={paint}
      describe={describe}
      onRead={(text) => onRead(text && `${subject}. ${text}`)}
      kept={k}
      onClick={onClick}
    />
  );
}
