/** The verification of an adapter as text that can be put into a report. */
import type { Verdict } from "../../ops/verify";
import type { AdapterReport } from "../../train/verifyAdapter";

export const error = ({ error }: Verdict): string => error?.toExponential(1) ?? "none";
export const milliseconds = ({ ms }: Verdict): string => (ms === null ? "none" : `${ms.toPrecision(3)} ms`);

/** What the tuner measured, a line for each class of shapes, the fastest first. */
function measured(times: AdapterReport["times"] = {}): string[] {
  return Object.entries(times).flatMap(([family, classes]) =>
    Object.entries(classes).map(([shape, of]) => {
      const fastestFirst = Object.entries(of).sort(([, a], [, b]) => a - b);
      return `Measured, ${family}, ${shape}: ${fastestFirst.map(([name, ms]) => `${name} ${ms.toPrecision(3)} ms`).join(", ")}`;
    }),
  );
}

/** Lines for people, in columns; what is wrong stands in full behind its line. */
export function textOf(browser: string, verdicts: readonly Verdict[], report: AdapterReport): string {
  const { adapter, checked, failed, kernels, images_per_s, times } = report;
  const wide = 2 + Math.max(...verdicts.map(({ variant }) => variant.length));
  const lines = verdicts.map((verdict) =>
    [
      verdict.kernel.padEnd(18),
      verdict.variant.padEnd(wide),
      error(verdict).padEnd(10),
      milliseconds(verdict).padEnd(12),
      verdict.wrong ?? "right",
    ].join(""),
  );
  return [
    `Masked Distillation Playground on ${adapter}`,
    `Browser: ${browser}`,
    `${checked} kernels checked against float64, ${failed} wrong`,
    `In use: kernels=${kernels}`,
    `Standard step: ${images_per_s} images/s`,
    ...measured(times),
    "",
    ["kernel".padEnd(18), "variant".padEnd(wide), "error".padEnd(10), "time".padEnd(12), "verdict"].join(""),
    ...lines,
  ].join("\n");
}
