/** Convolutions of maps of so many pixels a side, between as many channels, in groups of so many; a group of all is an ordinary one. */
export const CONVOLUTIONS = {
  "conv-32": { side: 32, channels: 32, group: 32 },
  "conv-64": { side: 64, channels: 16, group: 16 },
  "conv-grouped-4": { side: 32, channels: 64, group: 4 },
  "conv-grouped-16": { side: 32, channels: 64, group: 16 },
} as const;
type ConvTask = keyof typeof CONVOLUTIONS;

/** What can be measured. */
export const TASKS = [
  ...(["vit-step", "maskedkd-step", "maskedkd-full-step", "matmul-512"] as const),
  ...(Object.keys(CONVOLUTIONS) as ConvTask[]),
  "detector-step",
] as const;
export type Task = (typeof TASKS)[number];
/** A task, or all convolutions. */
export const CHOICES = [...TASKS, "conv"] as const;
export type Choice = (typeof CHOICES)[number];

/** Training steps of a ViT. */
export const isVit = (task: Task): boolean => task === "vit-step" || task.startsWith("maskedkd-");
export const isConv = (task: Task): task is ConvTask => task in CONVOLUTIONS;
/** What a choice stands for; none stands for all. */
export const chosen = (choice?: Choice): Task[] =>
  TASKS.filter((task) => choice === undefined || task === choice || (choice === "conv" && isConv(task)));

/** Learning rate of the convolution tasks. */
export const CONV_RATE = 1e-6;
