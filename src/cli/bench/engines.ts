/**
 * Who takes part, and how a contest starts in whatever place this is loaded: a Node process or a browser page.
 */
import { type Contestant, contest, type Row } from "./contest";
import { install } from "./counters";
import { type FileRole, makeSetup, type Options, type Tensors } from "./defaults";
import { jax, jaxTuned } from "./jax";
import { ours } from "./ours";

/** Our own engines; a new one is one line here. */
const OURS: Contestant[] = [ours];
/** Other people's, left out by `--no-peer`, in the form `--tuned-peer` picks: one at a time, as jax-js has one pool. */
const peers = ({ peer, tuned }: Options): Contestant[] => (peer ? [tuned ? jaxTuned : jax] : []);

/** `others` also take part. */
export async function runHere(
  gpu: GPU | undefined,
  options: Options,
  files: Partial<Record<FileRole, Tensors>>,
  others: Contestant[] = [],
): Promise<Row[]> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error(`no WebGPU ${gpu ? "adapter" : "support"} found in ${options.host}`);
  install();
  const contestants = [...OURS, ...peers(options), ...others];
  const { vendor, architecture, description } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(" ");
  return contest(makeSetup(options, files), contestants, options.rounds, { host: options.host, adapter: name });
}
