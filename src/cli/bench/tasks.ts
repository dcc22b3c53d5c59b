/** What can be measured. */
export const TASKS = ["vit-step", "maskedkd-step", "maskedkd-full-step", "matmul-512", "conv-32", "conv-64", "detector-step"] as const;
export type Task = (typeof TASKS)[number];

/** Training steps of a ViT. */
export const isVit = (task: Task): boolean => task === "vit-step" || task.startsWith("maskedkd-");
export const isConv = (task: Task): boolean => task.startsWith("conv-");

/** Learning rate of the convolution tasks. */
export const CONV_RATE = 1e-6;
