/** What is told of some held-out images, recorded once; learns nothing. */
import type { Engine } from "../../engine/device";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { type Mask, MaskedInputs } from "./inputs";
import { forward, type Parts } from "./step";

/** Told patches [B N, C P P], those that were seen, u32 [B * k], the loss, and of features each token's error [B (1 + N)]. */
export interface Told {
  told: Float32Array;
  kept: Uint32Array;
  loss: number;
  errors?: Float32Array;
}

export class Snapshot {
  private constructor(
    readonly batch: number,
    private readonly inputs: MaskedInputs,
    private readonly program: Program,
  ) {}

  static async compile(engine: Engine, parts: Omit<Parts, "inputs" | "crop">, batch: number): Promise<Snapshot> {
    const inputs = new MaskedInputs(engine, parts.network.cut, batch);
    const graph = new Graph(engine);
    const { told, loss, errors } = forward(graph, { ...parts, inputs });
    return new Snapshot(batch, inputs, await Program.compile(graph, { told, loss: loss.value, ...(errors && { errors }) }));
  }

  /** Of normalised images [B, C, S, S] under the mask of that step. */
  async run(images: Float32Array, mask: Mask): Promise<Told> {
    const kept = this.inputs.load(images, mask);
    const { told, loss, errors } = await this.program.fetch();
    return { told: told as Float32Array, kept, loss: loss[0], ...(errors && { errors: errors as Float32Array }) };
  }

  destroy(): void {
    this.program.dispose();
    this.inputs.destroy();
  }
}
