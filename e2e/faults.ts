/**
 * The page is broken on purpose at random steps: its GPU process is killed, its tab is closed, a write to its storage fails. Each time the
 * run has to end with the very losses of one that nobody disturbed. FAULTS says how often each, SEED where chance begins; see docs/faults.md.
 */
import { expect, type Page, test } from "@playwright/test";
import { uniform } from "../src/engine/random";
import { button, crashGpu, LONG, phase, QUICK_KERNELS, SMALL, stepReaches } from "./page";

const TIMES = Number(process.env.FAULTS ?? 1);
const SEED = Number(process.env.SEED ?? 1);
const STEPS = 60;

test.describe.configure({ timeout: (3 + 3 * TIMES) * 2 * LONG });

const HEADS: Record<string, string> = {
  classification: SMALL,
  detection: `./?preset=samkd&teacher=none&batch=2&stem=4&channels=8&stacked=0&${QUICK_KERNELS}`,
  segmentation: `./?preset=segmenter&teacher=none&batch=2&width=16&depth=1&heads=2&${QUICK_KERNELS}`,
};
/** Tasks to break, by name; the others take longer. */
const TASKS = (process.env.FAULT_TASKS ?? "classification").split(",");

const address = (task: string) => `${HEADS[task]}&steps=${STEPS}&evaluate=${STEPS}`;

interface Kept {
  id: string;
  step: number;
  /** Of every step. */
  losses: unknown[];
}

/** The newest kept run as it lies in storage. */
const newest = (page: Page): Promise<Kept | undefined> =>
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

/** Starts a run. Returns which was the newest one before. */
async function start(page: Page, task: string): Promise<string | undefined> {
  await page.goto(address(task));
  await phase(page, "ready");
  const before = (await newest(page))?.id;
  await page
    .locator(".controls .buttons")
    .getByRole("button", { name: /^Start/ })
    .click();
  return before;
}

async function pauseAt(page: Page, step: number): Promise<void> {
  await stepReaches(page, step);
  await button(page, "Pause").click();
  await phase(page, "paused");
}

/** Keeps the run at one step and has it go on to another. */
async function keepAndGoOn(page: Page, keptAt: number, to: number, before?: string): Promise<void> {
  await pauseAt(page, keptAt);
  await expect.poll(async () => (await newest(page))?.id, { timeout: LONG }).not.toBe(before);
  await button(page, "Continue").click();
  await stepReaches(page, to);
}

/** The losses of the run once it has ended and is kept so. */
async function ended(page: Page, before?: string): Promise<unknown[]> {
  await expect(page.locator(".controls .status")).toHaveAttribute("data-phase", "finished", { timeout: 4 * LONG });
  const isKept = async () => {
    const run = await newest(page);
    return run?.step === STEPS && run.id !== before;
  };
  await expect.poll(isKept, { timeout: LONG }).toBe(true);
  return (await newest(page))!.losses;
}

async function gpuKilled(page: Page, task: string, keptAt: number, at: number): Promise<{ losses: unknown[]; told: string | null }> {
  const before = await start(page, task);
  await keepAndGoOn(page, keptAt, at, before);
  await crashGpu(page.context().browser()!);
  const notice = page.locator(".notice p").first();
  await expect(notice).toContainText("the run goes on from step", { timeout: 2 * LONG });
  const told = await notice.textContent();
  return { losses: await ended(page, before), told };
}

async function tabClosed(page: Page, task: string, keptAt: number, at: number): Promise<{ losses: unknown[]; told: string | null }> {
  const before = await start(page, task);
  await keepAndGoOn(page, keptAt, at, before);
  const again = await page.context().newPage();
  await page.close();
  await again.goto(address(task));
  await phase(again, "ready");
  const resume = again.getByRole("button", { name: /^Resume at step/ });
  const told = await resume.textContent();
  await resume.click();
  const losses = await ended(again, before);
  await again.close();
  return { losses, told };
}

/** Writes of runs fail from one step to another. */
async function writesFailed(page: Page, task: string, from: number, to: number): Promise<{ losses: unknown[]; told: string | null }> {
  await page.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (value, key) {
      if (Reflect.get(window, "full") && String(key).startsWith("kept-run-1-")) throw new DOMException("No room.", "QuotaExceededError");
      return put.call(this, value, key);
    };
  });
  const before = await start(page, task);
  await stepReaches(page, 1);
  await page.evaluate("full = true");
  await pauseAt(page, from);
  const card = page.getByText("does not keep the run any more");
  await expect(card).toBeVisible({ timeout: LONG });
  const told = await card.textContent();
  await button(page, "Continue").click();
  await stepReaches(page, to);
  await page.evaluate("full = false");
  const losses = await ended(page, before);
  await expect(card).toHaveCount(0);
  await page.close();
  return { losses, told };
}

const FAULTS = { "GPU killed": gpuKilled, "tab closed": tabClosed, "writes failed": writesFailed };

for (const task of TASKS)
  test(`${task}: killed GPUs, closed tabs and failing writes lose no run, and change no bit of it`, async ({ page, context }) => {
    await start(page, task);
    const undisturbed = await ended(page);
    expect(undisturbed).toHaveLength(STEPS);
    await page.close();
    for (let time = 0; time < TIMES; time++)
      for (const [i, [fault, suffer]] of Object.entries(FAULTS).entries()) {
        const between = (low: number, high: number, which: number) => low + Math.floor(uniform(SEED, i, time, which) * (high - low));
        const [first, second] = [between(3, 15, 0), between(16, STEPS - 10, 1)];
        const { losses, told } = await suffer(await context.newPage(), task, first, second);
        expect(losses, fault).toEqual(undisturbed);
        console.log(`${fault}, steps ${first} and ${second}: ${told}`);
      }
  });
