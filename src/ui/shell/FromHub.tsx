/** The place of the form "From the Hub", which is loaded when it is opened; open where the address names something of the Hub. */
import { lazy, Suspense, useEffect, useState } from "react";
import type { HubKind } from "../../worker/hubProtocol";
import { useSources } from "../state/app";

const Hub = lazy(() => import("./Hub"));

export function FromHub({ kind }: { kind: HubKind }) {
  const offered = useSources((sources) => sources.offered[kind] !== undefined);
  const [open, setOpen] = useState(offered);
  useEffect(() => {
    if (offered) setOpen(true);
  }, [offered]);
  return (
    <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>From the Hub (huggingface.co)</summary>
      {open && (
        <Suspense fallback={<p className="hint">Loading …</p>}>
          <Hub kind={kind} />
        </Suspense>
      )}
    </details>
  );
}
