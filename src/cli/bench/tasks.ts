/** What can be measured. */
export const TASKS = ["vit-step", "maskedkd-step", "maskedkd-full-step", "matmul-512", "conv-32", "conv-64", "detector-step"] as const;
export type Task = (typeof TASKS)[number];
/** A task, or both convolutions. */
export const CHOICES = [...TASKS, "conv"] as const;
export type Choice = (typeof CHOICES)[number];

/** Training steps of a ViT. */
export const isVit = (task: Task): boolean => task === "vit-step" || task.startsWith("maskedkd-");
export const isConv = (task: Choice): boolean => task.startsWith("conv");
/** What a choice stands for; none stands for all. */
export const chosen = (choice?: Choice): Task[] =>
  TASKS.filter((task) => choice === undefined || task === choice || (choice === "conv" && isConv(task)));

/** Learning rate of the convolution tasks. */
export const CONV_RATE = 1e-6;
