/** How words that name something of the Hub begin. What follows is read by `address.ts`. */
export const HUB_PREFIX = "hf:";

export const isHubWord = (word: string): boolean => word.startsWith(HUB_PREFIX);
