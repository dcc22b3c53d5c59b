/** A worker of its own, with a device of its own, that verifies and times the adapter: whatever it finds out, a run goes on. */
import { openEngine } from "../engine/device";
import { override, tune } from "../ops/tune";
import { verdictCount, verifyAdapter } from "../train/verifyAdapter";
import { keep, recall } from "./storage";
import type { VerifyCommand, VerifyEvent } from "./verifierProtocol";

const post = (event: VerifyEvent) => postMessage(event);

self.onmessage = ({ data }: MessageEvent<VerifyCommand>) => {
  run(data).catch((error) => post({ type: "failed", message: error instanceof Error ? error.message : String(error) }));
};

async function run({ kernels }: VerifyCommand): Promise<void> {
  const engine = await openEngine(navigator.gpu);
  post({ type: "begun", adapter: engine.facts.name, count: verdictCount(engine) });
  const tuned = engine.facts.software
    ? undefined
    : await tune(engine, { get: (key) => recall<string>(key), set: async (key, value) => void (await keep(key, value)) });
  if (kernels) override(engine, kernels);
  const report = await verifyAdapter(engine, (verdict) => post({ type: "verdict", verdict }));
  post({ type: "report", report: { ...report, times: tuned?.times } });
}
