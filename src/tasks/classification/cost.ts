/** What a step costs: computed, and measured on the GPU. The same passes are counted in both. */
import type { Engine } from "../../engine/device";
import { type Criterion, scorerOf } from "../../methods/masking";
import { forwardTeacher } from "../../methods/vitMasking";
import { configMacs, learningMacs, probingMacs } from "../../metrics/cost";
import type { Params } from "../../models/params";
import { imageShape, patches } from "../../models/vit/config";
import type { Cost, TeacherTime } from "../task";
import { type Asked, TeacherClock, type Timing, timeOf } from "../teacherClock";
import type { Model } from "./step";

/** Who takes part in a step, and what is shown. */
export interface Priced {
  student: Model;
  teacher: Model;
  guide?: Model;
  /** Patches shown to whoever is masked, of so many. */
  kept: number;
  count: number;
  criterion: Criterion;
  masked: "teacher" | "student";
  /** Tokens that each block of the teacher merges. */
  merge: number;
  /** Whether only the student's head learns. */
  frozen: boolean;
}

/** What the teacher costs, whoever it is that chooses. */
export function costOf(priced: Priced, bufferBytes: number): Cost {
  const { kept, count: all, teacher, merge } = priced;
  const scorer = scorerIn(priced);
  const extraMacs = scorer ? configMacs(scorer.config).total : 0;
  return {
    ...{ kept, patches: all, macs: configMacs(teacher.config, shownIn(priced), merge).total + extraMacs, extraMacs },
    ...{ fullMacs: configMacs(teacher.config).total, studentMacs: studentMacs(priced), bufferBytes },
  };
}

/** MACs of a step of the student for one image, without a pass that chooses. */
export function studentMacs({ student: { config }, masked, kept, frozen }: Pick<Priced, "student" | "frozen"> & Partial<Priced>): number {
  return (frozen ? probingMacs : learningMacs)(config, masked === "student" ? kept : patches(config));
}

/** Number of patches the teacher answers on. */
const shownIn = ({ masked, teacher, kept }: Priced): number => (masked === "student" ? patches(teacher.config) : kept);

/** Whoever makes one more pass, of whole images, for the choice of patches alone: nobody, where it is the student's own pass. */
function scorerIn({ kept, count, criterion, masked, student, teacher, guide }: Priced): Model | undefined {
  if (kept >= count) return undefined;
  return { teacher, guide, student: masked === "student" ? student : undefined, draws: undefined }[scorerOf(criterion)];
}

/** What a pass took, in milliseconds and bytes of activations. */
type Passed = Timing & { bytes: number };

/** Two passes one after the other; the spread is at most the sum of theirs. */
function summed(a: Timing, b: Timing): Timing {
  return {
    ms: a.ms + b.ms,
    middle: [a.middle[0] + b.middle[0], a.middle[1] + b.middle[1]],
    times: Math.min(a.times, b.times),
  };
}

/** Times beside a run what `costOf` counts. Holds programs and buffers until `destroy`. */
export class TeacherTimer {
  /** By network, and by the tokens that its blocks merge. */
  private readonly clocks = new Map<Params, Map<number, TeacherClock>>();

  constructor(
    private readonly engine: Engine,
    /** Images per step. */
    private readonly batch: number,
  ) {}

  async measure(priced: Priced): Promise<TeacherTime> {
    const { teacher } = priced;
    const [now, full] = await this.both(priced);
    const student = await this.whole(priced.student);
    const scorer = scorerIn(priced);
    const extra = scorer && (scorer === teacher ? full : await this.whole(scorer));
    const bytes = Math.max(now.bytes, extra?.bytes ?? 0);
    return { ...timeOf(extra ? summed(now, extra) : now, full, student), bytes, fullBytes: full.bytes };
  }

  /** The teacher's answer now, and on everything. */
  private async both(priced: Priced): Promise<[now: Passed, full: Passed]> {
    const { teacher, merge } = priced;
    const [shown, all] = [shownIn(priced), patches(teacher.config)];
    const [masked, whole] = [this.clockOf(teacher, merge), this.clockOf(teacher)];
    const [now, full] =
      masked === whole ? await whole.measure([shown, all]) : [...(await masked.measure([shown])), ...(await whole.measure([all]))];
    return [
      { ...now, bytes: masked.bytes(shown) },
      { ...full, bytes: whole.bytes(all) },
    ];
  }

  private async whole(model: Model): Promise<Passed> {
    const [clock, all] = [this.clockOf(model), patches(model.config)];
    const [timing] = await clock.measure([all]);
    return { ...timing, bytes: clock.bytes(all) };
  }

  private clockOf(model: Model, merge = 0): TeacherClock {
    const known = this.clocks.get(model.params) ?? new Map<number, TeacherClock>();
    const clock = known.get(merge) ?? new TeacherClock(this.engine, asked(model, this.batch, merge));
    this.clocks.set(model.params, known.set(merge, clock));
    return clock;
  }

  /** Before a network goes. */
  forget({ params }: Model): void {
    for (const clock of this.clocks.get(params)?.values() ?? []) clock.destroy();
    this.clocks.delete(params);
  }

  destroy(): void {
    for (const clocks of this.clocks.values()) for (const clock of clocks.values()) clock.destroy();
  }
}

/** How the time of a network is measured. */
export function asked(model: Model, batch: number, merge = 0): Asked {
  const forward: Asked["forward"] = (images, kept) => forwardTeacher(model, images, { kept, merge }).logits;
  return { batch, shape: imageShape(model.config), patches: patches(model.config), forward };
}
