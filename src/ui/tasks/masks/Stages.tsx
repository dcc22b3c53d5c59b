/** How student and teacher would share a step on two devices, from the times measured here (Fig. 8 of the paper). */
import { useState } from "react";
import { parallel, pipelined, type Schedule } from "../../../metrics/pipeline";
import { milliseconds, percent } from "../../format";
import { useStore } from "../../state/app";
import { repeated } from "../../state/selectors";

const PARTS = [1, 2, 4, 8];
/** Sizes of a chart of one schedule, in units of its view box. */
const [WIDTH, LANE] = [300, 14];

export function Stages() {
  const time = repeated(useStore((state) => state.teacherTime));
  const [at, setAt] = useState(2);
  if (time?.studentMs === undefined || !time.spread.studentMs) return null;
  const { studentMs, ms, fullMs, spread } = time;
  const told = (value: number, range: readonly number[]) => `${milliseconds(value)} (${range.map(milliseconds).join(" to ")})`;
  const schedules: [name: string, schedule: Schedule][] = [
    ["side by side, every patch", parallel(studentMs, fullMs)],
    ["one after the other, masked", pipelined(studentMs, ms, 1)],
    [`pipelined, masked, ${PARTS[at]} micro-batches`, pipelined(studentMs, ms, PARTS[at])],
  ];
  const longest = Math.max(...schedules.map(([, { end }]) => end));
  return (
    <details className="stages">
      <summary>On two devices</summary>
      <p className="hint">
        The masked teacher waits for the student's attention. Forward passes here, medians of {spread.times} measurements and the range of
        their middle half: student {told(studentMs, time.spread.studentMs)}, teacher {told(ms, spread.ms)}, at every patch{" "}
        {told(fullMs, spread.fullMs)}. What two devices would make of the medians, simulated:
      </p>
      <label>
        Micro-batches: {PARTS[at]}
        <input
          type="range"
          min={0}
          max={PARTS.length - 1}
          value={at}
          onChange={({ target }) => setAt(Number(target.value))}
          aria-valuetext={String(PARTS[at])}
        />
      </label>
      {schedules.map(([name, schedule]) => (
        <figure key={name}>
          <figcaption>
            {name}: <b>{milliseconds(schedule.end)}</b>, {percent(schedule.idle)} idle
          </figcaption>
          <Gantt schedule={schedule} longest={longest} name={name} />
        </figure>
      ))}
    </details>
  );
}

function Gantt({ schedule: { slots }, longest, name }: { schedule: Schedule; longest: number; name: string }) {
  const x = (time: number) => (WIDTH * time) / longest;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${2 * LANE + 2}`} role="img" aria-label={`${name}: student above, teacher below`}>
      {slots.map(({ stage, part, from, to }) => (
        <rect
          key={`${stage} ${part}`}
          x={x(from)}
          y={stage === "student" ? 0 : LANE + 2}
          width={Math.max(0, x(to) - x(from) - 0.7)}
          height={LANE}
          fill={stage === "student" ? "var(--student)" : "var(--teacher)"}
        />
      ))}
    </svg>
  );
}
