/** One convolution, forward and backward, in jax-js: its own `lax.convGeneralDilated` in the layout it likes, NCHW. */
import { blockUntilReady, jit, lax, numpy as np, tree, vjp } from "@jax-js/jax";
import { meanSquare, type Runner, type Setup } from "./contest";
import { CONV_RATE } from "./tasks";

type Arr = np.Array;

export function convolution({ student, images, imageShape }: Setup): Runner {
  const upload = (data: Float32Array, shape: number[]) => np.array(new Float32Array(data), { shape, device: "webgpu" });
  const [weight, bias] = ["weight", "bias"].map((name) => student.get(name)!);
  const step = jit(update);
  const x = upload(images, imageShape);
  let [w, b] = [upload(weight!.data, weight!.shape), upload(bias!.data, [1, bias!.shape[0]!, 1, 1])];
  let results: Arr[] = [];
  const run = async () => {
    tree.dispose(results);
    [w, b, ...results] = step(x.ref, w, b) as [Arr, Arr, ...Arr[]];
    await blockUntilReady([w, b, ...results]);
  };
  return {
    step: run,
    async loss() {
      await run();
      const [y, dx] = results as [Arr, Arr];
      return meanSquare(await y.ref.data()) + meanSquare(await dx.ref.data());
    },
    stop() {
      tree.dispose([x, w, b, ...results]);
      step.dispose();
    },
  };
}

/** (x, w, b) -> [w and b after a step of SGD, y, dx] for the upstream gradient x. */
function update(x: Arr, w: Arr, b: Arr): Arr[] {
  const forward = (x: Arr, w: Arr, b: Arr) => lax.convGeneralDilated(x, w, [1, 1], "SAME").add(b);
  const [y, pull] = vjp(forward, [x.ref, w.ref, b.ref]);
  const [dx, dw, db] = pull(x) as [Arr, Arr, Arr];
  return [w.sub(dw.mul(CONV_RATE)), b.sub(db.mul(CONV_RATE)), y, dx];
}
