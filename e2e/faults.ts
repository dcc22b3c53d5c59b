/**
 * The page is broken on purpose at random moments of a run: its GPU process is killed, its tab is killed, writes to its storage fail, its
 * clocks jump. Each run has to end with the very losses of one that nobody disturbed. FAULTS says how often each, SEED where chance begins,
 * `-g "detection: tabs"` which part; see docs/faults.md.
 */
import { expect, type Page, test } from "@playwright/test";
import { uniform } from "../src/engine/random";
import { type Broken, breakable } from "./breakable";
import type { Figures } from "./faults.reporter";
import { button, crashGpu, LONG, phase, QUICK_KERNELS, stepOf, stepReaches } from "./page";

const TIMES = Number(process.env.FAULTS ?? 2);
const SEED = Number(process.env.SEED ?? 1);

/** The page's clock goes so much faster than the machine's: what it does every few seconds it does several times a second. */
const FASTER = 8;
/** A fault comes within so many milliseconds after the one before was overcome. */
const SOON_MS = 2500;
const HOUR_MS = 3_600_000;
/** So long the page waits between two saves. */
const EVERY_MS = 8000;

test.describe.configure({ timeout: (4 + TIMES) * LONG });

/** Per task a small student on few images. */
const RUNS: Record<string, string> = {
  classification: "width=8&depth=1&heads=2&batch=4",
  detection: "preset=samkd&batch=1&stem=4&channels=8&stacked=0",
  segmentation: "preset=segmenter&batch=1&width=8&depth=1&heads=2",
};
/** So long a run shall take that several faults fall into it; each of its steps has a point of its own in the curves below 500. */
const [RUN_MS, LEAST, MOST] = [10_000, 40, 480];

/** How many steps the runs of a task make on this machine, and the losses of the one that nobody disturbed. */
const undisturbed = new Map<string, { steps: number; losses: string }>();

/** The newest kept run as it lies in storage: its step, and the losses of every step. */
const newest = (page: Page): Promise<{ id: string; step: number; losses: unknown[] } | undefined> =>
  page.evaluate(async () => {
    const answer = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await answer(indexedDB.open("masked-distillation-playground"));
    const read = (key: string) => answer(database.transaction("values").objectStore("values").get(key));
    const [facts] = (await read("kept-runs-1")) ?? [];
    const run = facts && (await read(`kept-run-1-${facts.id}`));
    database.close();
    return run && { id: facts.id, step: run.step, losses: run.history.points.map(({ step, losses }: never) => [step, losses]) };
  });

/** One task's runs in one browser, broken again and again. */
class Trial {
  private steps = 100_000;
  private draws = 0;
  private way = "";
  /** From where, and when by the clock of the page, the run went on after the last fault: a tab may be killed before its own first save. */
  private wentOn = { step: 0, at: 0 };
  private opened = false;
  readonly figures: Figures;

  constructor(
    private page: Page,
    private readonly task: string,
    private readonly part: number,
    fault: string,
  ) {
    this.figures = { task, fault, faults: 0, runs: 0, lost: 0, different: 0, repeatedSteps: 0, repeatedMs: 0, told: {} };
  }

  /** Between 0 and 1, the same at each run of the same seed. */
  draw = (): number => uniform(SEED, this.part, Object.keys(RUNS).indexOf(this.task), this.draws++);

  /** Makes the run that nobody disturbs, then breaks others as often as wanted, and compares each that ends. */
  async carryOut(suffer: (trial: Trial) => Promise<void>): Promise<void> {
    if (!undisturbed.has(this.task)) await this.undisturbed();
    this.steps = undisturbed.get(this.task)!.steps;
    await this.open();
    await this.start();
    while (this.figures.faults < TIMES) {
      await this.page.waitForTimeout(this.draw() * SOON_MS);
      if (await this.finished()) await this.compare();
      else {
        this.figures.faults++;
        await suffer(this);
        continue;
      }
      await this.start();
    }
    await this.compare();
  }

  /** Measures how fast steps are here, and makes the run that all others have to be like. */
  private async undisturbed(): Promise<void> {
    await this.open();
    await this.start();
    const [from, began] = [(await this.seen()).step, performance.now()];
    await this.page.waitForTimeout(RUN_MS / 4);
    const pace = ((await this.seen()).step - from) / (performance.now() - began);
    await button(this.page, "Pause").click();
    await phase(this.page, "paused");
    this.steps = Math.min(MOST, Math.max(LEAST, Math.round(RUN_MS * pace)));
    await this.open();
    await this.start();
    undisturbed.set(this.task, { steps: this.steps, losses: await this.ended() });
    console.log(`${this.task}: the undisturbed run of ${this.steps} steps has ended`);
  }

  private get address(): string {
    const { task, steps } = this;
    return `./?${RUNS[task]}&teacher=none&data=scenes%3A24%2C12&steps=${steps}&evaluate=${steps}&${QUICK_KERNELS}`;
  }

  /** The page, in its tab or in another one in its place. */
  async open(page = this.page): Promise<Page> {
    if (page !== this.page || !this.opened) await page.addInitScript(breakable, FASTER);
    this.opened = true;
    this.page = page;
    await page.goto(this.address);
    await phase(page, "ready");
    return page;
  }

  /** A fresh run, until it is kept first. */
  private async start(): Promise<void> {
    await this.broken("saves = []");
    await this.page
      .locator(".controls .buttons")
      .getByRole("button", { name: /^Start/ })
      .click();
    await expect.poll(async () => (await this.seen()).saves.length, { timeout: LONG }).toBeGreaterThan(0);
  }

  finished = async () => (await stepOf(this.page)) === this.steps;

  /** The losses of the run, of every step, once it has ended and is kept so. */
  private async ended(): Promise<string> {
    await expect.poll(this.finished, { timeout: 4 * LONG }).toBe(true);
    await expect.poll(async () => (await newest(this.page))?.step, { timeout: LONG }).toBe(this.steps);
    const { losses } = (await newest(this.page))!;
    expect(losses).toHaveLength(this.steps);
    return JSON.stringify(losses);
  }

  private async compare(): Promise<void> {
    console.log(`${this.task}, ${this.figures.fault}: a run has ended`);
    this.figures.runs++;
    if ((await this.ended()) !== undisturbed.get(this.task)!.losses) this.figures.different++;
  }

  /** What the page's own clock and its writes say. */
  seen = (): Promise<Broken> =>
    this.page.evaluate(() => {
      const broken = Reflect.get(window, "broken") as Omit<Broken, "now"> & { now(): number };
      const { saves, refused } = broken;
      const step = Number(document.querySelector(".controls progress")?.getAttribute("data-step"));
      return { saves, refused, step, now: broken.now() };
    }) as Promise<Broken>;

  broken = (what: string): Promise<unknown> => this.page.evaluate(`broken.${what}`);

  /** Notes from where the run goes on, and how much of it is made again. A save that was under way may have come to its end meanwhile. */
  note({ saves, step, now }: Broken, from: number): void {
    const known = [this.wentOn, ...saves];
    const save = from > known.at(-1)!.step ? { step: from, at: now } : known.findLast((one) => one.step === from);
    const { figures } = this;
    // What passed before it trained again is no work.
    const ms = save && step > from ? unhurried(now - Math.max(save.at, this.wentOn.at)) : 0;
    console.log(`${this.task}, ${figures.fault} ${figures.faults}: ${this.way}, at step ${step}, from ${from}, ${ms} ms`);
    if (!save) figures.lost++;
    else {
      figures.repeatedSteps = Math.max(figures.repeatedSteps, step - from);
      figures.repeatedMs = Math.max(figures.repeatedMs, ms);
    }
  }

  tell(what: string): void {
    this.way = what;
    this.figures.told[what] = (this.figures.told[what] ?? 0) + 1;
  }

  /** The run has gone on from a step. */
  async goesOn(from: number): Promise<void> {
    await stepReaches(this.page, Math.min(from + 1, this.steps));
    this.wentOn = { step: from, at: (await this.seen()).now };
  }

  get tab(): Page {
    return this.page;
  }
}

/**
 * So many milliseconds of the page's clock, as they were if it went as others do: what is longer than the page waits between two saves is
 * the time that a save took, which no clock makes longer.
 */
function unhurried(ms: number): number {
  return Math.round(Math.min(ms, EVERY_MS) + Math.max(0, ms - EVERY_MS) / FASTER);
}

/** Presses what resumes the run, or shows it if it had come to its end. Returns its step. */
async function resume(page: Page): Promise<number> {
  const offer = page.getByRole("button", { name: /^Resume at step|^Show the finished run/ });
  const told = (await offer.textContent({ timeout: LONG })) ?? "";
  await offer.click();
  if (told.startsWith("Resume")) return Number(/[\d,]+/.exec(told)?.[0].replaceAll(",", ""));
  await stepReaches(page, 1);
  return stepOf(page);
}

async function gpuKilled(trial: Trial): Promise<void> {
  const { tab } = trial;
  const before = await trial.seen();
  await crashGpu(tab.context().browser()!);
  const notice = tab.locator(".notice p").first();
  const isOver = async () => (await notice.count()) > 0 || trial.finished();
  await expect.poll(isOver, { timeout: 2 * LONG }).toBe(true);
  // A run that had just ended needs no GPU.
  if ((await notice.count()) === 0) {
    trial.tell("after its end");
    await trial.open();
    return trial.note(before, await resume(tab));
  }
  const told = (await notice.textContent()) ?? "";
  const on = /goes on from step ([\d,]+)/.exec(told)?.[1];
  await tab.locator(".notice button").first().click();
  if (!on) await button(tab, "Open the GPU again").click();
  trial.tell(on ? "went on" : "stopped after three");
  const from = on ? Number(on.replaceAll(",", "")) : await resume(tab);
  trial.note(before, from);
  await trial.goesOn(from);
}

async function tabKilled(trial: Trial): Promise<void> {
  const { tab } = trial;
  const before = await trial.seen();
  const crashes = trial.draw() < 0.5;
  trial.tell(crashes ? "crashed" : "closed");
  if (crashes) {
    const session = await tab.context().newCDPSession(tab);
    const crashed = tab.waitForEvent("crash");
    void session.send("Page.crash").catch(() => undefined);
    await crashed;
  }
  const again = await tab.context().newPage();
  await tab.close();
  await trial.open(again);
  const from = await resume(again);
  trial.note(before, from);
  await trial.goesOn(from);
}

/** From one moment to another no run can be written, or no list of runs. */
async function writesFail(trial: Trial): Promise<void> {
  const { tab } = trial;
  const what = trial.draw() < 0.5 ? "kept-run-1-" : "kept-runs-1";
  trial.tell(what);
  const { saves, refused } = await trial.seen();
  await trial.broken(`full = "${what}"`);
  await expect.poll(async () => (await trial.seen()).refused, { timeout: LONG }).toBeGreaterThan(refused);
  const card = tab.getByText("does not keep the run any more");
  await expect(card).toBeVisible({ timeout: LONG });
  await tab.waitForTimeout((trial.draw() * SOON_MS) / 2);
  await trial.broken('full = ""');
  await expect(card).toHaveCount(0, { timeout: LONG });
  // What was kept before was there until a newer state is: nothing is made again.
  const { step } = saves.at(-1)!;
  trial.note({ ...(await trial.seen()), step }, step);
}

/** The clock of the day is set, or the machine sleeps: on some the other clock sleeps, too, on some it does not. */
async function clocksJump(trial: Trial): Promise<void> {
  const by = (1 + 23 * trial.draw()) * HOUR_MS;
  const kinds = { forward: [by, 0], back: [-by, 0], "sleep that is counted": [by, by] };
  const [kind, [day, both]] = Object.entries(kinds)[Math.floor(trial.draw() * 3)];
  trial.tell(kind);
  const { saves } = await trial.seen();
  await trial.broken(`jump(${day}, ${both})`);
  await expect.poll(async () => (await trial.seen()).saves.length, { timeout: LONG }).toBeGreaterThan(saves.length);
  const after = await trial.seen();
  const [last, next] = after.saves.slice(saves.length - 1);
  // Between the two it would have been lost.
  trial.note({ ...after, step: next.step, now: next.at }, last.step);
}

const FAULTS = { "GPUs killed": gpuKilled, "tabs killed": tabKilled, "writes fail": writesFail, "clocks jump": clocksJump };

for (const task of Object.keys(RUNS))
  for (const [part, [fault, suffer]] of Object.entries(FAULTS).entries())
    test(`${task}: ${fault}, and no run is lost, nor a bit of it`, async ({ page }, { annotations }) => {
      const trial = new Trial(page, task, part, fault);
      const { figures } = trial;
      try {
        await trial.carryOut(suffer);
      } finally {
        annotations.push({ type: "figures", description: JSON.stringify(figures) });
      }
      expect(figures).toMatchObject({ faults: TIMES, lost: 0, different: 0 });
      expect(figures.repeatedMs).toBeLessThan(10_000);
    });
