/** What decoders there are; see config.ts. */
export const DECODERS = ["linear", "mask"] as const;
