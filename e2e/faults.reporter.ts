/** Ends `npm run faults` with one line of figures, of all parts that were run. */
import type { Reporter, TestCase, TestResult } from "@playwright/test/reporter";

/** Of one kind of fault in the runs of one task. */
export interface Figures {
  task: string;
  fault: string;
  /** How often it was broken, and how many runs that was. */
  faults: number;
  runs: number;
  /** Runs that did not go on, and runs that ended with other losses than the undisturbed one. */
  lost: number;
  different: number;
  /** The most that was made again after a fault, in steps and in milliseconds of the page's clock. */
  repeatedSteps: number;
  repeatedMs: number;
  /** How often which way. */
  told: Record<string, number>;
}

export default class FaultsReporter implements Reporter {
  private readonly parts: (Figures & { passed: boolean })[] = [];

  onTestEnd(_: TestCase, { annotations, status }: TestResult): void {
    for (const { type, description } of annotations)
      if (type === "figures") this.parts.push({ ...JSON.parse(description ?? "{}"), passed: status === "passed" });
  }

  onEnd(): void {
    const sum = (key: "faults" | "runs" | "lost" | "different") => this.parts.reduce((all, part) => all + part[key], 0);
    const most = Math.max(0, ...this.parts.map(({ repeatedMs }) => repeatedMs));
    const totals = { faults: sum("faults"), runs: sum("runs"), lost: sum("lost"), different: sum("different"), repeatedMs: most };
    console.log(JSON.stringify({ final: true, ...totals, parts: this.parts }));
  }
}
