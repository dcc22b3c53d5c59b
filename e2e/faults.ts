/**
 * The page is broken on purpose at random moments of a run: its GPU process is killed, its tab is killed, writes to its storage fail, its
 * clocks jump. Each run has to end with the very losses of one that nobody disturbed. FAULTS says how often each, SEED where chance begins,
 * `-g "detection: tabs"` which part; see docs/faults.md.
 */
import { expect, type Page, test } from "@playwright/test";
import { uniform } from "../src/engine/random";
import { type Broken, breakable } from "./breakable";
import type { Figures } from "./faults.reporter";
import { button, crashGpu, LONG, phase, QUICK_KERNELS, status, stepReaches } from "./page";

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
/** So many that several faults fall into a run. */
const STEPS = 50;

/** The losses of each task's run that nobody disturbed, on this adapter. */
const undisturbed = new Map<string, string>();

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
  private readonly address: string;
  private draws = 0;
  readonly figures: Figures;

  constructor(
    private page: Page,
    private readonly task: string,
    private readonly part: number,
    fault: string,
  ) {
    this.address = `./?${RUNS[task]}&teacher=none&data=scenes%3A24%2C12&steps=${STEPS}&evaluate=${STEPS}&${QUICK_KERNELS}`;
    this.figures = { task, fault, faults: 0, runs: 0, lost: 0, different: 0, repeatedSteps: 0, repeatedMs: 0, told: {} };
  }

  /** Between 0 and 1, the same at each run of the same seed. */
  draw = (): number => uniform(SEED, this.part, Object.keys(RUNS).indexOf(this.task), this.draws++);

  /** Makes the run that nobody disturbs, then breaks others as often as wanted, and compares each that ends. */
  async carryOut(suffer: (trial: Trial) => Promise<void>): Promise<void> {
    await this.open();
    await this.start();
    if (!undisturbed.has(this.task)) {
      undisturbed.set(this.task, await this.ended());
      await this.start();
    }
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

  /** The page, in its tab or in another one in its place. */
  async open(page = this.page): Promise<Page> {
    this.page = page;
    await page.addInitScript(breakable, FASTER);
    await page.goto(this.address);
    await phase(page, "ready");
    return page;
  }

  /** A fresh run, until it is kept first. */
  private async start(): Promise<void> {
    await this.broken("saves = []");
    await this.page.locator("button.go").click();
    await expect.poll(async () => (await this.seen()).saves.length, { timeout: LONG }).toBeGreaterThan(0);
  }

  private finished = async () => (await status(this.page).getAttribute("data-phase")) === "finished";

  /** The losses of the run, of every step, once it has ended and is kept so. */
  private async ended(): Promise<string> {
    await expect(status(this.page)).toHaveAttribute("data-phase", "finished", { timeout: 4 * LONG });
    await expect.poll(async () => (await newest(this.page))?.step, { timeout: LONG }).toBe(STEPS);
    const { losses } = (await newest(this.page))!;
    expect(losses).toHaveLength(STEPS);
    return JSON.stringify(losses);
  }

  private async compare(): Promise<void> {
    this.figures.runs++;
    if ((await this.ended()) !== undisturbed.get(this.task)) this.figures.different++;
  }

  /** What the page's own clock and its writes say. */
  seen = (): Promise<Broken> =>
    this.page.evaluate(() => {
      const { saves, refused } = Reflect.get(window, "broken") as Broken;
      const step = Number(document.querySelector(".controls progress")?.getAttribute("data-step"));
      return { saves, refused, step, now: performance.now() };
    }) as Promise<Broken>;

  broken = (what: string): Promise<unknown> => this.page.evaluate(`broken.${what}`);

  /** Notes from where the run goes on, and how much of it is made again. A save that was under way may have come to its end meanwhile. */
  note({ saves, step, now }: Broken, from: number): void {
    const last = saves.at(-1)!;
    const save = from > last.step ? { step: from, at: now } : saves.findLast((one) => one.step === from);
    const { figures } = this;
    if (!save) figures.lost++;
    else {
      figures.repeatedSteps = Math.max(figures.repeatedSteps, step - from);
      figures.repeatedMs = Math.max(figures.repeatedMs, unhurried(now - save.at));
    }
  }

  tell(what: string): void {
    this.figures.told[what] = (this.figures.told[what] ?? 0) + 1;
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

/** Presses what resumes the run. Returns its step. */
async function resume(page: Page): Promise<number> {
  const button = page.getByRole("button", { name: /^Resume at step/ });
  const step = Number(/\d+/.exec(((await button.textContent({ timeout: LONG })) ?? "").replaceAll(",", ""))?.[0]);
  await button.click();
  await stepReaches(page, step + 1);
  return step;
}

async function gpuKilled(trial: Trial): Promise<void> {
  const { tab } = trial;
  const before = await trial.seen();
  await crashGpu(tab.context().browser()!);
  const notice = tab.locator(".notice p").first();
  await expect(notice).toContainText(/GPU was/, { timeout: 2 * LONG });
  const told = (await notice.textContent()) ?? "";
  const on = /goes on from step ([\d,]+)/.exec(told)?.[1];
  await tab.locator(".notice button").first().click();
  if (on) await phase(tab, "running");
  else await button(tab, "Open the GPU again").click();
  trial.tell(on ? "went on" : "stopped after three");
  trial.note(before, on ? Number(on.replaceAll(",", "")) : await resume(tab));
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
  trial.note(before, await resume(again));
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
  const after = await trial.seen();
  // What was kept before is there until a newer state is.
  trial.note({ ...after, now: saves.at(-1)!.at }, saves.at(-1)!.step);
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
  trial.note({ ...after, step: next.step, now: next.at - both }, last.step);
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
