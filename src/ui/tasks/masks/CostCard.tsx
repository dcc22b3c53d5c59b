/** What the teacher costs with the mask and at all patches: multiply-adds, time, memory; and the same figures of the paper. */
import type { ReactNode } from "react";
import { bytes, milliseconds, percent, scaled } from "../../format";
import { useStore } from "../../state/app";
import { repeated } from "../../state/selectors";
import { buffersOf, costless } from "./words";

/** What the paper gives for a teacher of its own: at all patches, and masked. */
export interface PaperRow {
  name: string;
  of: [full: number, masked: number];
  format(value: number): string;
  /** Whether more is better. */
  more?: boolean;
}

interface CostCardProps {
  /** Heads of the paper's columns, and its rows; none where it gives none. */
  paper?: { heads: [full: string, masked: string]; rows: PaperRow[] };
  /** What a task adds below. */
  children?: ReactNode;
}

export function CostCard({ paper, children }: CostCardProps) {
  const cost = useStore((state) => state.cost);
  const nothing = useStore(costless);
  return (
    <section className="panel cost" aria-labelledby="cost-title">
      <h2 id="cost-title">What the teacher costs</h2>
      {nothing && <p className="hint">{nothing}</p>}
      {cost && (
        <table className="figures-table">
          <thead>
            <tr>
              <th scope="col">here</th>
              <th scope="col">all {cost.patches}</th>
              <th scope="col">{cost.kept} patches</th>
              <th scope="col">saving</th>
            </tr>
          </thead>
          <tbody>
            <Row name="MACs per image" of={[cost.fullMacs, cost.macs]} format={scaled} />
            <Measured />
          </tbody>
          {paper && (
            <>
              <thead>
                <tr>
                  <th scope="col">in the paper</th>
                  <th scope="col">{paper.heads[0]}</th>
                  <th scope="col">{paper.heads[1]}</th>
                  <th scope="col">saving</th>
                </tr>
              </thead>
              <tbody>
                {paper.rows.map((row) => (
                  <Row key={row.name} {...row} />
                ))}
              </tbody>
            </>
          )}
        </table>
      )}
      <RunSoFar />
      {cost?.extraMacs ? (
        <p className="hint">Of that, choosing the patches takes a pass of its own: {scaled(cost.extraMacs)}MACs per image.</p>
      ) : null}
      {cost?.once && (
        <p className="hint">
          Only the head learns, from images as they are: each costs this once. Later epochs look up its mask and answers.
        </p>
      )}
      <Times />
      <p className="hint">MAC: one multiply and add, by the paper's formula; the paper calls it a FLOP.</p>
      {children}
    </section>
  );
}

/** The teacher's time on this GPU, once measured again and again, and its memory. */
function Measured() {
  const measured = useStore((state) => state.teacherTime);
  if (!measured) return null;
  const { fullMs, ms, fullBytes, bytes: now } = measured;
  const spread = repeated(measured)?.spread;
  return (
    <>
      {spread && (
        <Row
          name={`GPU time per step, median of ${spread.times}`}
          of={[fullMs, ms]}
          format={milliseconds}
          spread={[spread.fullMs, spread.ms]}
        />
      )}
      <Row name="activations on the GPU" of={[fullBytes, now]} format={bytes} />
    </>
  );
}

/** How to read the time, or that it is not known well enough yet. */
function Times() {
  const measured = useStore((state) => state.teacherTime);
  if (!measured?.spread) return null;
  const told = repeated(measured)
    ? "Half of the measurements lie in the range beside a time."
    : "GPU time is told once it has been measured a few times.";
  return <p className="hint">{told}</p>;
}

/** What the whole run took and saved. */
function RunSoFar() {
  const version = useStore((state) => state.version);
  const history = useStore((state) => state.history);
  const buffers = useStore(buffersOf);
  const { macs, fullMacs } = history.sums;
  const saved = version >= 0 && fullMacs ? percent(1 - macs / fullMacs) : undefined;
  return (
    <p className="run-so-far">
      {saved && (
        <>
          This run so far: {scaled(macs)}MACs of the teacher, <b>{saved}</b> saved; {milliseconds(history.ms)} per step.{" "}
        </>
      )}
      {buffers}
    </p>
  );
}

/** A range of milliseconds: half of the measurements lie in it. */
type Range = readonly [low: number, high: number];

interface RowProps extends PaperRow {
  /** Of values that were measured. */
  spread?: readonly [full: Range, masked: Range];
}

/** Two values, as bars too, and how many times less the second is (or more); where their spreads meet, neither is said to be less. */
function Row({ name, of: [full, masked], format, more, spread }: RowProps): ReactNode {
  const most = Math.max(full, masked);
  const bar = (value: number) => <i className="bar" style={{ width: `${(100 * value) / most}%` }} aria-hidden="true" />;
  const within = (range: Range | undefined) => range && <small className="hint"> {range.map(format).join(" to ")}</small>;
  const alike = spread && full !== masked && spread[0][0] <= spread[1][1] && spread[1][0] <= spread[0][1];
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        {format(full)}
        {within(spread?.[0])}
        {bar(full)}
      </td>
      <td>
        {format(masked)}
        {within(spread?.[1])}
        {bar(masked)}
      </td>
      <td>{alike ? "cannot tell" : <b>{(more ? masked / full : full / masked).toFixed(2)}×</b>}</td>
    </tr>
  );
}
