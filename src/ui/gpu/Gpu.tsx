/** Verifies and times this GPU: every kernel variant beside its reference, which are in use, and how fast a step is. */

import { useEffect, useRef, useState } from "react";
import type { Verdict } from "../../ops/verify";
import type { AdapterReport } from "../../train/verifyAdapter";
import type { VerifyCommand, VerifyEvent } from "../../worker/verifierProtocol";
import { HeadedTable } from "../draw/HeadedTable";
import { CopyButton } from "../shell/CopyButton";
import { address } from "../state/url";
import { error, milliseconds, textOf } from "./report";
import "./gpu.css";

interface Progress {
  adapter?: string;
  count?: number;
  verdicts: readonly Verdict[];
  report?: AdapterReport;
  failure?: string;
}

/** What is known after another message of the worker. */
function after(progress: Progress, event: VerifyEvent): Progress {
  switch (event.type) {
    case "begun":
      return { ...progress, adapter: event.adapter, count: event.count };
    case "verdict":
      return { ...progress, verdicts: [...progress.verdicts, event.verdict] };
    case "report":
      return { ...progress, report: event.report };
    case "failed":
      return { ...progress, failure: event.message };
  }
}

/** Starts the worker, and ends it when its work is done or the view is left. */
function useVerification() {
  const [progress, setProgress] = useState<Progress>();
  const worker = useRef<Worker>(undefined);
  useEffect(() => () => worker.current?.terminate(), []);
  const start = () => {
    worker.current?.terminate();
    const mine = new Worker(new URL("../../worker/verifier.ts", import.meta.url), { type: "module" });
    worker.current = mine;
    setProgress({ verdicts: [] });
    const take = (event: VerifyEvent) => {
      setProgress((known) => after(known ?? { verdicts: [] }, event));
      if (event.type === "report" || event.type === "failed") mine.terminate();
    };
    mine.onmessage = ({ data }: MessageEvent<VerifyEvent>) => take(data);
    mine.onerror = ({ message }) => take({ type: "failed", message: message || "The worker did not start. Reload the page." });
    mine.postMessage({ kernels: address.read().kernels } satisfies VerifyCommand);
  };
  return { progress, start };
}

export function Gpu() {
  const { progress, start } = useVerification();
  const works = progress && !progress.report && !progress.failure;
  return (
    <section className="panel gpu" aria-label="This GPU">
      <h2>Verify and time this GPU</h2>
      <p>
        This computes every kernel on this GPU, of those that come in variants each one it can run, compares values and gradients with a
        reference in double precision, and times one step of a small distillation. It takes from a minute on a GPU to many on a software
        adapter. Pause a run first, or both are slow.
      </p>
      <button type="button" className="go" onClick={start} disabled={works}>
        {progress && !works ? "Verify again" : "Verify and time"}
      </button>
      <p role="status">{progress && said(progress)}</p>
      {progress?.failure && (
        <p className="problem" role="alert">
          {progress.failure}
        </p>
      )}
      {progress && progress.verdicts.length > 0 && <Verdicts verdicts={progress.verdicts} />}
      {progress?.report && <Report text={textOf(navigator.userAgent, progress.verdicts, progress.report)} />}
    </section>
  );
}

function said({ adapter, count, verdicts, report, failure }: Progress): string {
  if (failure) return "Ended before its time.";
  if (report)
    return report.failed ? `${report.failed} of ${report.checked} kernels are wrong.` : `All ${report.checked} kernels are right.`;
  if (!adapter) return "Opening the GPU …";
  return `${adapter}: ${verdicts.length} of ${count} kernels …`;
}

function Verdicts({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <HeadedTable heads={["Kernel", "Variant", "Largest error", "Time", "Verdict"]}>
      {verdicts.map((verdict) => (
        <tr key={`${verdict.kernel} ${verdict.variant}`} data-wrong={verdict.wrong !== undefined}>
          <td>{verdict.kernel}</td>
          <td>{verdict.variant}</td>
          <td>{error(verdict)}</td>
          <td>{milliseconds(verdict)}</td>
          <td>{verdict.wrong ?? "right"}</td>
        </tr>
      ))}
    </HeadedTable>
  );
}

function Report({ text }: { text: string }) {
  return (
    <>
      <textarea readOnly aria-label="Report" rows={12} value={text} />
      <p>
        <CopyButton label="Copy the report" text={() => text} />
      </p>
    </>
  );
}
