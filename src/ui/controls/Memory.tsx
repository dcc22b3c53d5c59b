/** What the run takes of the GPU's memory, as planned before its first step. */
import type { RunMemory } from "../../train/session";
import { useStore } from "../state/app";

const PARTS: readonly (readonly [keyof RunMemory, string])[] = [
  ["parameters", "parameters"],
  ["moments", "optimizer"],
  ["gradients", "gradients"],
  ["activations", "activations"],
  ["others", "teacher, images and others"],
];

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);

export function Memory() {
  const memory = useStore((state) => state.memory);
  // What the first run takes lies there already when the second is planned.
  const together = useStore(({ beside }) => beside?.getState().memory?.total);
  if (!memory) return null;
  const { total, batch, fits } = memory;
  return (
    <>
      <p className="hint memory">
        Takes {megabytes(total)} MB on the GPU: {PARTS.map(([part, name]) => `${name} ${megabytes(memory[part])}`).join(", ")}.
        {together !== undefined && ` With the run beside it: ${megabytes(together)} MB.`}
      </p>
      {fits < batch && (
        <p className="problem">
          {fits > 0
            ? `A batch of ${batch} does not fit this GPU: use at most ${fits}.`
            : "No batch of such images and networks fits this GPU."}
        </p>
      )}
    </>
  );
}
