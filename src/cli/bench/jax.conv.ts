/** One convolution, in groups or not, forward and backward, in jax-js: its own `lax.convGeneralDilated` in the layout it likes, NCHW. */
import { blockUntilReady, jit, lax, numpy as np, tree, vjp } from "@jax-js/jax";
import { meanSquare, type Runner, type Setup } from "./contest";
import { CONV_RATE } from "./tasks";

type Arr = np.Array;

export function convolution({ student, images, imageShape }: Setup): Runner {
  const upload = (data: Float32Array, shape: number[]) => np.array(new Float32Array(data), { shape, device: "webgpu" });
  const [weight, bias] = ["weight", "bias"].map((name) => student.get(name));
  const step = jit(updateOf(imageShape[1]! / weight!.shape[1]!));
  const x = upload(images, imageShape);
  let params = [upload(weight!.data, weight!.shape), ...(bias ? [upload(bias.data, [1, bias.shape[0]!, 1, 1])] : [])];
  let results: Arr[] = [];
  const run = async () => {
    tree.dispose(results);
    const all = step(x.ref, ...params);
    [params, results] = [all.slice(0, -2), all.slice(-2)];
    await blockUntilReady(all);
  };
  return {
    step: run,
    async loss() {
      await run();
      const [y, dx] = results as [Arr, Arr];
      return meanSquare(await y.ref.data()) + meanSquare(await dx.ref.data());
    },
    stop() {
      tree.dispose([x, ...params, ...results]);
      step.dispose();
    },
  };
}

/** (x, w and perhaps b) -> [those after a step of SGD, y, dx] for the upstream gradient x. */
const updateOf =
  (groups: number) =>
  (x: Arr, ...params: Arr[]): Arr[] => {
    const forward = (x: Arr, w: Arr, b?: Arr) => {
      const y = lax.convGeneralDilated(x, w, [1, 1], "SAME", { featureGroupCount: groups });
      return b ? y.add(b) : y;
    };
    const [y, pull] = vjp(forward as (...args: Arr[]) => Arr, [x.ref, ...params.map((one) => one.ref)]);
    const [dx, ...grads] = pull(x) as [Arr, ...Arr[]];
    return [...params.map((one, i) => one.sub(grads[i]!.mul(CONV_RATE))), y, dx];
  };
