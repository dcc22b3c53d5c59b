/** What a step costs: computed, and measured on the GPU. The same passes are counted in both. */
import type { Engine } from "../../engine/device";
import { type Criterion, scorerOf } from "../../methods/masking";
import { forwardTeacher } from "../../methods/vitMasking";
import { configMacs, learningMacs } from "../../metrics/cost";
import type { Params } from "../../models/params";
import { imageShape, patches } from "../../models/vit/config";
import type { Cost, TeacherTime } from "../task";
import { type Asked, TeacherClock } from "../teacherClock";
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
}

/** What the teacher costs, whoever it is that chooses. */
export function costOf(priced: Priced, bufferBytes: number): Cost {
  const { kept, count: all, teacher } = priced;
  const scorer = scorerIn(priced);
  const extraMacs = scorer ? configMacs(scorer.config).total : 0;
  return {
    ...{ kept, patches: all, macs: configMacs(teacher.config, shownIn(priced)).total + extraMacs, extraMacs },
    ...{ fullMacs: configMacs(teacher.config).total, studentMacs: studentMacs(priced), bufferBytes },
  };
}

/** MACs of a step of the student for one image, without a pass that chooses. */
export function studentMacs({ student: { config }, masked, kept }: Pick<Priced, "student"> & Partial<Priced>): number {
  return learningMacs(config, masked === "student" ? kept : patches(config));
}

/** Number of patches the teacher answers on. */
const shownIn = ({ masked, teacher, kept }: Priced): number => (masked === "student" ? patches(teacher.config) : kept);

/** Whoever makes one more pass, of whole images, for the choice of patches alone: nobody, where it is the student's own pass. */
function scorerIn({ kept, count, criterion, masked, student, teacher, guide }: Priced): Model | undefined {
  if (kept >= count) return undefined;
  return { teacher, guide, student: masked === "student" ? student : undefined, draws: undefined }[scorerOf(criterion)];
}

/** Times beside a run what `costOf` counts. Holds programs and buffers until `destroy`. */
export class TeacherTimer {
  private readonly clocks = new Map<Params, TeacherClock>();

  constructor(
    private readonly engine: Engine,
    /** Images per step. */
    private readonly batch: number,
  ) {}

  async measure(priced: Priced): Promise<TeacherTime> {
    const { teacher } = priced;
    const [shown, all] = [shownIn(priced), patches(teacher.config)];
    const clock = this.clockOf(teacher);
    const [ms, fullMs] = await clock.measure([shown, all]);
    const [bytes, fullBytes] = [clock.bytes(shown), clock.bytes(all)];
    const { ms: studentMs } = await this.whole(priced.student);
    const scorer = scorerIn(priced);
    if (!scorer) return { ms, fullMs, studentMs, bytes, fullBytes };
    const extra = scorer === teacher ? { ms: fullMs, bytes: fullBytes } : await this.whole(scorer);
    return { ms: ms + extra.ms, fullMs, studentMs, bytes: Math.max(bytes, extra.bytes), fullBytes };
  }

  private async whole(model: Model): Promise<Pick<TeacherTime, "ms" | "bytes">> {
    const [clock, all] = [this.clockOf(model), patches(model.config)];
    const [ms] = await clock.measure([all]);
    return { ms, bytes: clock.bytes(all) };
  }

  private clockOf(model: Model): TeacherClock {
    const clock = this.clocks.get(model.params) ?? new TeacherClock(this.engine, asked(model, this.batch));
    this.clocks.set(model.params, clock);
    return clock;
  }

  /** Before a network goes. */
  forget({ params }: Model): void {
    this.clocks.get(params)?.destroy();
    this.clocks.delete(params);
  }

  destroy(): void {
    for (const clock of this.clocks.values()) clock.destroy();
  }
}

/** How the time of a network is measured. */
export function asked(model: Model, batch: number): Asked {
  const forward: Asked["forward"] = (images, kept) => forwardTeacher(model, images, kept).logits;
  return { batch, shape: imageShape(model.config), patches: patches(model.config), forward };
}
