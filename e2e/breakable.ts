/** What is put into a page so that it can be broken: clocks that go faster and jump, storage that fills up; and what was kept when. */
export interface Broken {
  /** Kept states of runs: their steps, and when, by the page's clock without its jumps, the page asked for each. */
  saves: { step: number; at: number }[];
  /** Writes that failed. */
  refused: number;
  /** The step shown, and that clock. */
  step: number;
  now: number;
}

/** Runs in the page, before anything else. */
export function breakable(faster: number): void {
  const asked: number[] = [];
  const [day, since] = [Date.now.bind(Date), performance.now.bind(performance)];
  const begun = { day: day(), since: since() };
  const even = () => begun.since + faster * (since() - begun.since);
  const broken = {
    now: even,
    saves: [] as Broken["saves"],
    refused: 0,
    /** Keys that begin so cannot be written. */
    full: "",
    offsets: { day: 0, both: 0 },
    /** Puts the clock of the day on by so many milliseconds, and the one that counts since the page was opened. */
    jump(day: number, both: number) {
      broken.offsets.day += day;
      broken.offsets.both += both;
    },
  };
  Reflect.set(window, "broken", broken);
  Date.now = () => begun.day + faster * (day() - begun.day) + broken.offsets.day;
  performance.now = () => even() + broken.offsets.both;

  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message: { type?: string }, transfer: never) {
    if (message.type === "save") asked.push(even());
    // A new worker knows nothing of what was asked of the one before.
    if (message.type === "open") asked.length = 0;
    return post.call(this, message, transfer);
  };
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (value, key) {
    const name = String(key);
    const isRun = name.startsWith("kept-run-1-");
    const at = isRun ? (asked.shift() ?? Number.NaN) : Number.NaN;
    if (broken.full && name.startsWith(broken.full)) {
      broken.refused++;
      throw new DOMException("No room.", "QuotaExceededError");
    }
    const request = put.call(this, value, key);
    if (isRun) this.transaction.addEventListener("complete", () => broken.saves.push({ step: value.step, at }));
    return request;
  };
}
