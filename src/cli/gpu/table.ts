/** A measurement of an adapter as tables in Markdown. */
import type { Verdict } from "../../ops/verify";
import type { AdapterReport } from "../../train/verifyAdapter";
import type { Doubling, Soak } from "./endurance";
import type { KernelShare, RoofPoint, ScalePoint } from "./measure";

export interface Measurement {
  adapter: string;
  verdicts: Verdict[];
  roofline: RoofPoint[];
  kernels: KernelShare[];
  scale: ScalePoint[];
  endurance: (Soak | Doubling)[];
  /** Rows of the bench, where other engines take part. */
  peers: { engine: string; task: string; median_ms: number; images_per_s: number | null }[];
}

const digits = (value: number | null | undefined): string =>
  value === null || value === undefined ? "" : Number(value.toPrecision(3)).toString();

function table(head: string[], rows: (string | number)[][]): string {
  const line = (cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function enduranceOf(row: Soak | Doubling): string {
  if (row.soak === "steps")
    return `${row.steps} steps of ${row.batch} images twice: ${row.equal ? "the same bits" : "OTHER BITS"}, ${digits(row.ms_per_step)} ms each.`;
  const end = row.refused === null ? "none was refused" : `${row.refused} was refused: ${row.why}`;
  return `Batches up to ${row.batch} ran, ${end} ${row.goes_on ? "The device went on." : "THE DEVICE DID NOT GO ON."}`;
}

export function tableOf({
  adapter,
  verdicts,
  roofline,
  kernels,
  scale,
  endurance,
  peers,
  report,
}: Measurement & { report: AdapterReport }): string {
  const best = Math.max(...roofline.map(({ gflops }) => gflops));
  return `${[
    `## ${adapter}`,
    `${report.checked} kernels checked against float64, ${report.failed} wrong. In use: \`kernels=${report.kernels}\`.`,
    table(
      ["network", "batch", "ms/step", "images/s", "untuned images/s", "GFLOP/s", "of its best product", "step MB", "largest buffer MB"],
      scale.map((row) => [
        ...[row.network, row.batch, row.skipped ?? digits(row.ms), digits(row.images_per_s), digits(row.untuned_images_per_s)],
        ...[digits(row.gflops), row.gflops ? `${digits((100 * row.gflops) / best)} %` : "", digits(row.step_mb), digits(row.largest_mb)],
      ]),
    ),
    ...endurance.map(enduranceOf),
    table(
      ["product of n x n", "ms", "GFLOP/s"],
      roofline.map(({ size, ms, gflops }) => [size, digits(ms), digits(gflops)]),
    ),
    table(
      ["kernel of the standard step", "launches", "ms"],
      kernels.map(({ kernel, launches, ms }) => [kernel, launches, digits(ms)]),
    ),
    table(
      ["bench", "engine", "ms/step", "images/s"],
      peers.map(({ task, engine, median_ms, images_per_s }) => [task, engine, digits(median_ms), digits(images_per_s)]),
    ),
    table(
      ["kernel", "variant", "error", "ms", "registers", "verdict"],
      verdicts.map(({ kernel, variant, error, ms, registers, wrong }) => [
        ...[kernel, variant, error?.toExponential(1) ?? "", digits(ms), registers ?? "", wrong ?? "right"],
      ]),
    ),
  ].join("\n\n")}\n`;
}
