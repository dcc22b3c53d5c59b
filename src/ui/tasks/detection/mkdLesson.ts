/** A lesson on MKD, told along a recorded run. */
import type { Lesson } from "../../lessons/lesson";
import { toldOfSeveral } from "../../lessons/told";
import { leftOut, lossAt, opening, over, timesHarder } from "./lessonFacts";
import { meanOf, means, type Step } from "./stageFacts";

const STUDY = "objects-short";

export const lesson: Lesson = {
  title: "MKD in six pages",
  recording: "mkd",
  pages: [
    {
      title: "Learning what one does not see",
      at: 0,
      text: ({ state }) => [
        "A masked autoencoder learns by filling in hidden parts of an image. MKD (Lao et al., ICCV 2023) lets a small detector fill in something else: what a larger detector, the teacher, makes of the whole image.",
        opening(state, "hidden and regenerated"),
      ],
    },
    {
      title: "Hide patches",
      at: 0,
      part: "hide",
      text: ({ state }) => [
        `At each step ${leftOut(state, 0, 1)} of the patches of every image are hidden from the student, drawn by chance. The teacher sees everything.`,
        "An object of which too little is left is not asked for: nobody could find it. That is our reading; the paper does not say.",
      ],
    },
    {
      title: "Nothing leaks",
      at: 0,
      part: "see",
      text: ({ state }) => [
        "The student computes features of the rest. A plain convolution would smear what it sees into the holes; here nothing passes between hidden and visible places inside the backbone.",
        `The pyramid on top blends its levels and adds what does not depend on the image, so that the holes are not quite empty: features there are ${over(state, 0, hollow)} times as strong as elsewhere.`,
      ],
    },
    {
      title: "Regenerate. Make a guess",
      at: 0.25,
      part: "regenerate",
      text: ({ state }) => [
        `A decoder, a small transformer, puts a token of its own into each hole and regenerates the teacher's features of the whole image. L_feat, how far off it is, was ${lossAt(state, "feature", 0)} at the first step and is ${lossAt(state, "feature", 0.25)} after a quarter of the run.`,
        "Will it be better where the student saw the image, or as bad everywhere?",
      ],
    },
    {
      title: "Hidden against visible",
      at: 1,
      part: "compare",
      text: ({ state }) => [
        `At the end L_feat is ${lossAt(state, "feature", 1)}. The error where patches were hidden is ${over(state, 1, timesHarder)} times that of visible places; it was ${over(state, 0, timesHarder)} times before anything was learned.`,
        "Near 1, or below it, the decoder makes little of what is visible: it has learned what features are like on average. Click on places to read them.",
      ],
    },
    {
      title: "Does it help? Your turn",
      at: 1,
      part: "learn",
      text: ({ claims }) => [
        toldOfSeveral(claims, STUDY, "31", "32b"),
        "The decoder is thrown away after training. No code of the paper is public: this is a reconstruction, from the paper's appendix and what others noted of its main text, and what these leave open is a setting. Train it on your own GPU.",
      ],
      offers: [
        { label: "Train live with a tenth hidden", settings: { "mkd.ratio": 0.1 } },
        { label: "Train live without the decoder", settings: { "mkd.variant": "cutout" } },
      ],
    },
  ],
};

/** How strong features are in the holes, as a multiple of elsewhere. */
function hollow({ features: { masked }, scale: { visible } }: Step): number | undefined {
  if (!masked || !visible || !meanOf(masked)) return undefined;
  const { hidden, seen } = means(masked, visible);
  return hidden === undefined || !seen ? undefined : hidden / seen;
}
