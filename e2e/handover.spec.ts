/** A run goes on in PyTorch, and what was trained there comes back: the page's zip, its verify.py and train.py, and the log. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { unzipSync } from "fflate";
import { scenes } from "../src/data/scenes";
import { folderOf, hasPillow, hasTorch, imageFolder, python } from "../src/handover/torch.fixture";
import { button, exportAs, LONG, open, phase, says, status, upload } from "./page";

test.describe.configure({ timeout: 6 * LONG });

test("the project that the page hands over repeats its losses in PyTorch, and the log of a training there opens as a run", async ({
  page,
}) => {
  test.skip(!hasTorch || !hasPillow, "Python has no PyTorch or no Pillow");
  await open(page, "&steps=4&evaluate=4");
  await button(page, "Start").click();
  await phase(page, "finished");
  const saved = page.waitForEvent("download");
  await exportAs(page, "Hand over to PyTorch");
  const download = await saved;
  expect(download.suggestedFilename()).toBe("pytorch-project-of-scenes-4-steps.zip");
  const folder = folderOf(Object.entries(unzipSync(readFileSync((await download.path()) as string))));
  const verified = python(folder, ["verify.py"]);
  expect(verified.text).toContain("the losses agree");
  expect(verified.status).toBe(0);
  await expect(status(page)).toHaveAttribute("data-phase", "finished");

  const data = imageFolder(scenes({ side: 32, train: 96, test: 12, seed: 3 }));
  const trained = python(folder, ["train.py", `data=${data}`, "out=trained", "every=1", "workers=0"]);
  expect(trained.text).toContain("the student after 4 steps");
  const runs = page.locator("tr[data-run]");
  await expect(runs).toHaveCount(1);
  const log = readFileSync(join(folder, "trained/log.jsonl"));
  await page.getByLabel("Log of a run").setInputFiles([upload("log.jsonl", log)]);
  await expect(runs).toHaveCount(2);
  await expect(runs.filter({ hasText: "(log)" })).toHaveCount(1);

  await page.getByLabel("Log of a run").setInputFiles([upload("log.jsonl", log.subarray(0, 40))]);
  await says(page.locator("body"), "log.jsonl is not a log of a run");
  await expect(runs).toHaveCount(2);
});
