/** A square canvas of patches that can be walked with the arrow keys: each cell says its value. */
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { EDGE, paintCursor } from "./patches";

interface Props {
  /** Patches along an edge. */
  across: number;
  /** What the picture shows, in words. */
  label: string;
  paint(context: CanvasRenderingContext2D): void;
  /** What is at a patch, in words. */
  describe(cell: number): string;
  onRead(text: string): void;
  /** For tests and style: how many patches are kept. */
  kept?: number;
}

const MOVES: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function GridCanvas({ across, label, paint, describe, onRead, kept }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cell, setCell] = useState<number>();
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, EDGE, EDGE);
    paint(context);
    if (cell !== undefined && cell < across * across) paintCursor(context, cell, across);
  });
  const visit = (next: number | undefined) => {
    if (next === cell) return;
    setCell(next);
    onRead(next === undefined ? "" : `Row ${Math.floor(next / across) + 1}, column ${(next % across) + 1}: ${describe(next)}`);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const [x, y] = cell === undefined ? [0, 0] : [(cell % across) + move[0], Math.floor(cell / across) + move[1]];
    visit(clamp(y, across) * across + clamp(x, across));
  };
  const onPointerMove = ({ nativeEvent: { offsetX, offsetY }, currentTarget }: PointerEvent<HTMLCanvasElement>) => {
    const size = currentTarget.clientWidth / across;
    visit(clamp(Math.floor(offsetY / size), across) * across + clamp(Math.floor(offsetX / size), across));
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
      onKeyDown={onKeyDown}
      onPointerMove={onPointerMove}
      onPointerLeave={() => visit(undefined)}
      onBlur={() => visit(undefined)}
    />
  );
}

const clamp = (value: number, across: number) => Math.min(across - 1, Math.max(0, value));
