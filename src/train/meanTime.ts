/** How much longer than the mean a step may be and still count as one: where the machine slept meanwhile, its clock says hours. */
const MOST = 10;

/** The mean time of a step, smoothed, with one more of `ms`: `old` is the weight of those before, 0 where there are none. */
export const withStep = (mean: number, ms: number, old: number): number =>
  old === 0 ? ms : old * mean + (1 - old) * Math.min(ms, MOST * mean);
