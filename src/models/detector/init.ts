/** Fresh weights of a detector. */
import { normal, uniform } from "../../engine/random";
import { initial } from "../vit/config";
import { elements, INIT_STREAM, type Weights } from "../weights";
import { type DetectorConfig, detectorShapes, OUTPUTS, residualBlocks } from "./config";

/** Probability of a foreground class everywhere before training (Lin et al. 2017): the bias is -ln((1 - p) / p) = -4.5951. */
const PRIOR = 0.01;
/** Standard deviation of the head's weights where it has 256 channels. */
const HEAD_STD = 0.01;
const HEAD_CHANNELS = 256;

/**
 * Fresh weights as mmdetection draws them: the backbone by He's rule (fan out), the last norm of every residual block 0
 * (Goyal et al. 2017), the neck by Glorot's, the head from N(0, 0.01). Narrower heads than mmdetection's 256 channels get
 * as much more, so that as much of the signal arrives. A plain vision transformer is drawn as any here is. The same seed gives the same weights. Throws as `checkDetector` does.
 */
export function initDetector(config: DetectorConfig, seed: number): Weights {
  const last = new Set(blocksOf(config).map(({ name, convs }) => `${name}.bn${convs.length}.weight`));
  return new Map(
    [...detectorShapes(config)].map(([name, shape], i) => {
      const draw = last.has(name) ? () => 0 : drawer(config, name, shape, seed, INIT_STREAM + i);
      return [name, { shape, data: Float32Array.from({ length: elements(shape) }, (_, at) => draw(at)) }];
    }),
  );
}

const blocksOf = (config: DetectorConfig) => (config.plain ? [] : residualBlocks(config));

/** Gives the initial value of the element at an index. */
function drawer(config: DetectorConfig, name: string, shape: number[], seed: number, stream: number): (at: number) => number {
  if (name === `${OUTPUTS[config.kind].cls}.bias`) return () => -Math.log((1 - PRIOR) / PRIOR);
  if (/\.rel_pos_[hw]$/.test(name)) return () => 0;
  if (/\.(scale|running_var)$/.test(name) || (shape.length === 1 && name.endsWith(".weight"))) return () => 1;
  if (shape.length === 1) return () => 0;
  const [outputs, inputs] = [shape[0], shape[shape.length - 1]];
  const area = elements(shape) / outputs / inputs;
  if (name.startsWith("neck.")) {
    const limit = Math.sqrt(6 / (area * (inputs + outputs)));
    return (at) => limit * (2 * uniform(seed, stream, 0, at) - 1);
  }
  if (config.plain && name.startsWith("backbone.")) {
    const drawn = initial(name, shape, seed, stream);
    return (at) => drawn[at];
  }
  const std = name.startsWith("backbone.") ? Math.sqrt(2 / (area * outputs)) : HEAD_STD * Math.sqrt(HEAD_CHANNELS / inputs);
  return (at) => std * normal(seed, stream, 0, at);
}
