/** Audio: a vision transformer learns to name sounds by their spectrograms from a masked teacher. */
import type { SoundSet } from "../../data/sounds";
import { AUDIO_METHODS } from "../../methods/audio";
import { asksGuide } from "../../methods/masking";
import type { Classification } from "../classification/task";
import type { TaskDefinition } from "../definition";
import type { Network } from "../vitNetwork";
import { VIT_SIZES } from "../widths";
import { conflictsOf } from "./conflicts";
import { ROWS } from "./rows";
import { type AudioSettings, SETTINGS } from "./settings";

export const audio: TaskDefinition<SoundSet, Network, Classification> = {
  name: "audio",
  verb: "classifies sounds",
  metric: "top1",
  rateNames: { student: "student_top1", teacher: "teacher_top1" },
  settings: SETTINGS,
  methods: AUDIO_METHODS,
  rows: ROWS,
  generated: {
    ...{ page: { train: 2400, test: 600 }, cli: { train: 4800, test: 1200 } },
    sets: {
      sounds: {
        about: "a second of sound each; how an event's pitch and loudness move tells its class",
        shipped: "teacher-sounds.safetensors",
      },
    },
  },
  shares: ["frames", "patch", "stride"],
  sizes: VIT_SIZES,
  readsUnasked: true,
  stepFirst: true,
  onnx: true,
  conflicts: (settings) => conflictsOf(settings as AudioSettings),
  asksGuide: (settings) => asksGuide((settings as AudioSettings).criterion),
  data: () => import("./data").then(({ data }) => data),
  runtime: () => import("./runtime").then(({ runtime }) => runtime),
};
