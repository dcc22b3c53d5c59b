/** Audio's pictures, as its monitor shows them. Before the worker has made the first ones there are none. */
import { looksAt } from "../masks/looks";

export const LOOKS = looksAt("audio", () => ({
  ...{ side: 32, columns: 96, channels: 1, grid: [4, 12] as [number, number], images: new Uint8Array(), labels: [], classes: [] },
}));
