/** Terms whose weight is likely wrong, and levels on which the detector has nothing to learn from. */

import { methodOf } from "../../../tasks";
import { alarms } from "../../../tasks/detection/alarms";
import type { DetectionViews } from "../../../tasks/detection/views";
import { percent, short } from "../../format";
import { useStore } from "../../state/app";
import { presetOf } from "../../state/selectors";
import { viewOf } from "../../state/views";

export function Alarms() {
  const pulls = useStore((state) => viewOf<DetectionViews, "pulls">(state, "detection", "pulls"));
  const { terms } = methodOf(useStore(presetOf));
  if (!pulls) return null;
  const found = alarms(pulls);
  return (
    <section className="panel alarms" aria-labelledby="alarms-title">
      <h2 id="alarms-title">
        What moves the student <small>step {short(pulls.step)}</small>
      </h2>
      {found.map(({ term, share }) => (
        <p key={term} className="heed" role="status">
          The term {terms[term]?.label ?? term} moves {percent(share)} of the gradient:{" "}
          {share < 0.5 ? "its weight is likely too small to matter." : "its weight leaves little to everything else."}
        </p>
      ))}
      <p className="hint">
        Positive places by level, finest first: {pulls.positives.map(short).join(", ")}. Where there are none, the detector learns no boxes.
      </p>
    </section>
  );
}
