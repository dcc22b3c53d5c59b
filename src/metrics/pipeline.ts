/**
 * How student and teacher can share a step (MaskedKD, appendix F and Fig. 8): the teacher waits for the student's attention, unless the
 * batch is cut into micro-batches, so that the teacher answers on one while the student sees the next (GPipe). These are schedules of
 * measured times; the stages themselves run one after the other on one GPU.
 */

/** One stage at work, in the unit of the times given. */
export interface Slot {
  stage: "student" | "teacher";
  /** Micro-batch, from 0. */
  part: number;
  from: number;
  to: number;
}

export interface Schedule {
  slots: Slot[];
  /** When all is done. */
  end: number;
  /** Share of both stages' time in which they wait. */
  idle: number;
}

/**
 * Two devices, a batch in `parts` micro-batches that take their share of each stage's time; the teacher starts on each when the student
 * has seen it. The makespan is s/M + (M - 1) max(s, t)/M + t/M.
 */
export function pipelined(student: number, teacher: number, parts: number): Schedule {
  const [s, t] = [student / parts, teacher / parts];
  let free = 0;
  const slots = Array.from({ length: parts }, (_, part): Slot[] => {
    const seen = (part + 1) * s;
    const from = Math.max(seen, free);
    free = from + t;
    return [
      { stage: "student", part, from: part * s, to: seen },
      { stage: "teacher", part, from, to: free },
    ];
  });
  return scheduleOf(slots.flat());
}

/** Two devices side by side: possible only where the teacher needs nothing of the student, at every patch. */
export function parallel(student: number, teacher: number): Schedule {
  return scheduleOf([
    { stage: "student", part: 0, from: 0, to: student },
    { stage: "teacher", part: 0, from: 0, to: teacher },
  ]);
}

function scheduleOf(slots: Slot[]): Schedule {
  const end = Math.max(...slots.map(({ to }) => to));
  const busy = slots.reduce((sum, { from, to }) => sum + to - from, 0);
  return { slots, end, idle: end > 0 ? 1 - busy / (2 * end) : 0 };
}
