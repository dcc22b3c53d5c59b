/** The price of the teacher: computed multiply-adds, memory and measured time, with the paper's figure beside. */
import { bytes, milliseconds, percent, scaled } from "../format";
import { busy, useStore } from "../store";

/** The paper on DeiT-S as teacher: all patches, and half of them. What it calls a FLOP is a MAC. */
const PAPER = { full: 4.54e9, masked: 2.19e9 };

export function CostCard() {
  const cost = useStore((state) => state.cost);
  const time = useStore((state) => state.teacherTime);
  const criterion = useStore((state) => state.active?.criterion);
  const ms = useStore((state) => state.history.ms);
  const running = useStore(busy);
  return (
    <section className="panel cost" aria-labelledby="cost-title">
      <h2 id="cost-title">What the teacher costs</h2>
      {cost ? (
        <dl>
          <Row name={`at ${cost.kept} patches`}>{scaled(cost.macs)}MACs per image</Row>
          <Row name={`at all ${cost.patches}`}>{scaled(cost.fullMacs)}MACs per image</Row>
          <Row name="saving">
            <b>{(cost.fullMacs / cost.macs).toFixed(2)}-fold</b>, {percent(1 - cost.macs / cost.fullMacs)} less
          </Row>
          <Row name="GPU buffers">{bytes(cost.bufferBytes)} in all</Row>
          <Row name="teacher's GPU time">
            {time
              ? `${milliseconds(time.ms)} per step, ${milliseconds(time.fullMs)} at all patches: ${(time.fullMs / time.ms).toFixed(2)}-fold`
              : "measured beside the run"}
          </Row>
          <Row name="whole step">{ms ? `${milliseconds(ms)} per step${running ? "" : " (last run)"}` : "after the first steps"}</Row>
        </dl>
      ) : (
        <p>Known once a teacher is loaded.</p>
      )}
      {criterion === "teacher" && (
        <p className="hint">The teacher chooses its own patches here: that takes a full pass on top, which the mask cannot win back.</p>
      )}
      <p className="hint">
        In the paper, a DeiT-S teacher falls from {scaled(PAPER.full)}MACs to {scaled(PAPER.masked)}MACs at 50 % of its patches (
        {(PAPER.full / PAPER.masked).toFixed(2)}-fold; the paper calls MACs FLOPs).
      </p>
    </section>
  );
}

function Row({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
