/** A lesson on MaskedKD, told along a recorded run. */
import type { Snapshot } from "../../../tasks/classification/views";
import { percent, scaled } from "../../format";
import type { Facts, Lesson } from "../../lessons/lesson";
import { told, toldOfSeveral } from "../../lessons/told";
import { at } from "../../state/history";
import { LOOKS } from "./gallery";
import { stageOf } from "./stageFacts";

const STUDY = "shapes";

export const lesson: Lesson = {
  title: "MaskedKD in seven pages",
  recording: "maskedkd",
  pages: [
    {
      title: "A teacher and a student",
      at: 0,
      text: ({ state }) => [
        `In distillation a small network, the student, learns from a large one, the teacher: from the labels of the images, and from how likely the teacher finds each class. This student has not learned anything yet: of ${classes(state)} classes it finds all about equally likely.`,
        "The stage follows one held-out image through a step: where the student looks, which patches that chooses, what the teacher says of them, what the student says, and what pulls.",
      ],
    },
    {
      title: "The teacher is what costs",
      at: 0,
      part: "choose",
      text: ({ state }) => [
        `The teacher is larger, and it has to answer for every image of every step. ${costOf(state)}`,
        "A vision transformer reads an image as patches, and it can leave some out: then it has less to compute. The question is which.",
      ],
    },
    {
      title: "Which half? Make a guess",
      at: 0,
      part: "look",
      text: ({ state }) => [
        "MaskedKD (Son et al., ECCV 2024) asks the student: the teacher sees the patches that the student's class token attends to. The student attends anyway, so its choice costs nothing.",
        `But it has yet to learn where to look. At the beginning ${seenAt(state, 0)} of the objects lies in the half that it chooses; drawing at random would give about half. Will the teacher see more or less as training goes on?`,
      ],
    },
    {
      title: "First it goes wrong",
      at: 0.125,
      part: "answer",
      text: ({ state, claims }) => [
        `After an eighth of the run the half that is shown holds ${seenAt(state, 0.125)} of the objects, and the masked teacher classifies ${rateAt(state, "teacher", 0.125)} of the training images correctly. ${told(claims, STUDY, "19a")}`,
        "The authors report it (their Figure 3): at first the student's choice leads to the lowest teacher accuracy of all masks. They take it for a curriculum: early, supervision is less challenging to fit; later, the mask gives the teacher diverse views. Whether patches drawn at random do the same is drawn under Claims, “How hard the loss is”.",
      ],
    },
    {
      title: "Then the student finds the object",
      at: 1,
      part: "choose",
      text: ({ state, claims }) => [
        `At the end ${seenAt(state, 1)} of the objects lies in the half that the student chooses, and the masked teacher classifies ${rateAt(state, "teacher", 1)} correctly. ${told(claims, STUDY, "19b")}`,
        "Nobody told the student where the objects are. It learned to attend to them because that is what classifying them takes. Pick other images on the stage, and drag the time slider under the pictures.",
      ],
    },
    {
      title: "Does it help?",
      at: 1,
      part: "compare",
      text: ({ claims }) => [
        toldOfSeveral(claims, STUDY, "1a", "1b", "13a"),
        "“Cannot tell” does not mean equal: the interval holds both signs. More seeds, or longer runs, would narrow it. All that was measured stands under Claims.",
      ],
    },
    {
      title: "Your turn",
      at: 1,
      text: () => [
        "Train it on your own GPU, and move the mask while it learns: the change acts on the very next step. Try a quarter of the patches, or the ones that the student attends to least.",
      ],
      offers: [
        { label: "Train live with a quarter of the patches", settings: { keep: 0.25 } },
        { label: "Train live with the least attended half", settings: { criterion: "bottom" } },
      ],
    },
  ],
};

const classes = (state: Facts["state"]) => LOOKS.galleryOf(state).classes.length;

function costOf({ cost }: Facts["state"]): string {
  if (!cost) return "";
  const less = 1 - cost.macs / cost.fullMacs;
  return `Here that is ${scaled(cost.fullMacs)} multiply-adds an image. Shown half of the patches, it computes ${scaled(cost.macs)}: ${percent(less)} less.`;
}

/** The mean share of the shown images' objects in the patches kept at this share of the run. */
function seenAt(state: Facts["state"], share: number): string {
  const gallery = LOOKS.galleryOf(state);
  const moment = at(LOOKS.snapshotsOf(state), share * state.history.total);
  const shown = { gallery, snapshot: moment?.value as Snapshot | undefined, teacher: state.teacher, masked: "teacher" };
  const seen = gallery.labels.map((_, image) => stageOf(shown, image).object ?? Number.NaN);
  return percent(Math.round((100 * seen.reduce((a, b) => a + b, 0)) / seen.length) / 100);
}

/** A smoothed rate of the training batches at this share of the run. */
function rateAt({ history }: Facts["state"], name: string, share: number): string {
  return percent(Math.round(100 * (at(history.points, share * history.total)?.smooth[name] ?? Number.NaN)) / 100);
}
