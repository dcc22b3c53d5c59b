/** A lesson on SAMKD, told along a recorded run. */
import type { Lesson } from "../../lessons/lesson";
import { toldOfSeveral } from "../../lessons/told";
import { leftOut, lossAt, opening, over, peak, timesHarder, weightOf } from "./lessonFacts";

const STUDY = "objects-short";

export const lesson: Lesson = {
  title: "SAMKD in seven pages",
  recording: "samkd",
  pages: [
    {
      title: "Learning from features",
      at: 0,
      text: ({ state }) => [
        "A detector says what is where. It first turns an image into features, maps on several scales, and reads objects off them. A small student can learn from the features of a larger teacher, besides from the boxes that people drew.",
        opening(state, "done to the features"),
      ],
    },
    {
      title: "Where does the teacher look?",
      at: 0,
      part: "attend",
      text: ({ state }) => [
        "The strength of the teacher's features says what it attends to. Measured over the whole image, strong objects outshine weak ones.",
        `SAMKD (Zhang et al.) also measures within 2 × 2 and 4 × 4 regions; each against its own mean is our reading, since its φ is not defined. The strongest place reaches ${over(state, 0, peak)} times an even share over the whole map, and ${over(state, 0, peak, 4)} times within 4 × 4 regions: every region has something to attend to.`,
      ],
    },
    {
      title: "Erase it. Make a guess",
      at: 0,
      part: "erase",
      text: ({ state }) => [
        `Where attention reaches the threshold ωˢ, the student's features are erased: ${leftOut(state, 0, 1)} of the places by the whole map, ${leftOut(state, 0, 4)} by 4 × 4 regions. The student has to make up for them from what is left.`,
        "Which will be harder to regenerate, what was erased or what is still there?",
      ],
    },
    {
      title: "Regenerate it",
      at: 0.25,
      part: "regenerate",
      text: ({ state }) => [
        `A small block turns what is left into the teacher's features. In the first quarter of the run its error is ${over(state, 0.25, timesHarder)} times as large where features were erased as elsewhere.`,
        "That is no proof that erasing is what makes it hard: attention erases the strongest features, and strong features have large errors. Choose other regions above the pictures, and click on a place to read its row.",
      ],
    },
    {
      title: "What the block learns",
      at: 1,
      part: "regenerate",
      text: ({ state }) => [
        `The term L_feat is that error over all places and scales: ${lossAt(state, "feature", 0)} at the first step, ${lossAt(state, "feature", 1)} at the end. At the end the error of erased places is ${over(state, 1, timesHarder)} times that of the others.`,
        "The block is thrown away after training. What stays is the student, whose features had to hold enough to regenerate the teacher's from.",
      ],
    },
    {
      title: "Compare answers where features differ",
      at: 1,
      part: "compare",
      text: ({ state }) => [
        "Region by region, the classes that student and teacher find likely are compared. The weight W of a region is how much their features differ there, so that the student learns most where it is furthest off.",
        `W is ${over(state, 0, weightOf, 4)} on average at the beginning and ${over(state, 1, weightOf, 4)} at the end, over 4 × 4 regions of the finest level. It can be from 0, alike, to 2, opposite.`,
      ],
    },
    {
      title: "Does it help? Your turn",
      at: 1,
      part: "learn",
      text: ({ claims }) => [
        toldOfSeveral(claims, STUDY, "21a", "21d"),
        "No code of the paper is public. This is a reconstruction, and what the text leaves open is a setting. Train it on your own GPU, and switch a part off.",
      ],
      offers: [
        { label: "Train live by the whole map alone", settings: { "samkd.regions": "1" } },
        { label: "Train live with nothing erased", settings: { "samkd.masking": "off" } },
      ],
    },
  ],
};
