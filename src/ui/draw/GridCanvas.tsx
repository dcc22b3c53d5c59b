/** A canvas of patches that can be walked with the arrow keys: each patch says its value. */
import { type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from "react";
import { cellAt, cellsOf, columnOf, type Grid, rowOf } from "./grid";
import { EDGE, paintCursor } from "./patches";

interface Props {
  grid: Grid;
  /** What the picture shows, in words. */
  label: string;
  paint(context: CanvasRenderingContext2D): void;
  /** What is at a patch, in words. */
  describe(cell: number): string;
  onRead(text: string): void;
  /** For tests and style: how many patches are kept. */
  kept?: number;
  onClick?(): void;
  /** A patch was clicked, or chosen by Enter. */
  onPick?(cell: number): void;
}

const MOVES: Record<string, [down: number, right: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

export function GridCanvas({ grid, label, paint, describe, onRead, kept, onClick, onPick }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cell, setCell] = useState<number>();
  // A click holds a patch, so that it is still told when the pointer has left.
  const [held, hold] = useState<number>();
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, EDGE, EDGE);
    paint(context);
    if (cell !== undefined && cell < cellsOf(grid)) paintCursor(context, cell, grid);
  });
  const visit = (next: number | undefined) => {
    if (next === cell) return;
    setCell(next);
    onRead(next === undefined ? "" : `Row ${rowOf(next, grid) + 1}, column ${columnOf(next, grid) + 1}: ${describe(next)}`);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && cell !== undefined) onPick?.(cell);
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    visit(cell === undefined ? 0 : cellAt(rowOf(cell, grid) + move[0], columnOf(cell, grid) + move[1], grid));
  };
  const cellUnder = ({ nativeEvent: { offsetX, offsetY }, currentTarget }: MouseEvent<HTMLCanvasElement>) => {
    const at = (offset: number, length: number, count: number) => Math.floor((offset / length) * count);
    const { clientWidth, clientHeight } = currentTarget;
    return cellAt(at(offsetY, clientHeight, grid[0]), at(offsetX, clientWidth, grid[1]), grid);
  };
  const leave = () => {
    hold(undefined);
    visit(undefined);
  };
  return (
    // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes arrow keys, as an application of its own
    <canvas
      ref={canvas}
      className="grid-canvas"
      width={EDGE}
      height={EDGE}
      role="application"
      aria-roledescription="patch grid"
      aria-label={`${label} Arrow keys read single patches.`}
      tabIndex={0}
      data-kept={kept}
      onClick={(event) => {
        hold(cellUnder(event));
        visit(cellUnder(event));
        onClick?.();
        onPick?.(cellUnder(event));
      }}
      onKeyDown={onKeyDown}
      onPointerMove={(event) => visit(cellUnder(event))}
      onPointerLeave={() => visit(held)}
      onBlur={leave}
    />
  );
}
