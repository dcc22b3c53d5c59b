/** A session with the Hub: a server that speaks its API answers for huggingface.co and for the host of its files. */
import { expect, type Page, test } from "@playwright/test";
import * as parquet from "../src/data/hub/parquet.fixture";
import { type FakeHub, serveHub } from "../src/data/hub/server.fixture";
import { writeSafetensors } from "../src/models/safetensors";
import { initViT } from "../src/models/vit/config";
import { DEIT_S } from "../src/models/vit/vit.fixture";
import { button, data, expectNoViolations, LONG, phase, runToEnd, SMALL, says } from "./page";

test.describe.configure({ timeout: 4 * LONG });

const VIT = { ...DEIT_S, image: 32, patch: 4, channels: 3, classes: 3, width: 16, depth: 1, heads: 2, headDim: 8, mlp: 32 };
const CONFIG = { id2label: Object.fromEntries(parquet.CLASSES.map((name, i) => [i, name])), num_attention_heads: 2 };

/** Large enough that it does not all come with its list of columns. */
const SET = {
  converted: {
    "default/train/0000.parquet": parquet.labelled(60, 0, { noiseSide: 100 }),
    "default/test/0000.parquet": parquet.labelled(18, 60),
  },
};

let hub: FakeHub;

test.beforeEach(async () => {
  hub = await serveHub({
    "datasets/me/set": {
      card: { license: "mit" },
      ...SET,
    },
    "datasets/me/gated": { gated: "mine", ...SET },
    "datasets/me/words": { files: { "train.parquet": parquet.parquetOf({ text: parquet.textColumn("text", ["a"]) }) } },
    "models/me/vit": {
      files: {
        "model.safetensors": writeSafetensors(initViT(VIT, 1)),
        "config.json": new TextEncoder().encode(JSON.stringify(CONFIG)),
      },
    },
  });
});
test.afterEach(() => hub.close());

/** Answers for huggingface.co, redirects followed: browsers do not let a test answer those. Returns which other hosts were asked for what. */
async function answerFor(page: Page): Promise<string[]> {
  const asked: string[] = [];
  page.context().on("request", (request) => {
    const { protocol, host, pathname } = new URL(request.url());
    if (protocol.startsWith("http") && !host.startsWith("127.0.0.1")) asked.push(host + pathname);
  });
  await page.context().route("https://huggingface.co/**", async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const response = await route.fetch({ url: hub.endpoint + pathname + search }).catch(() => undefined);
    if (response) await route.fulfill({ response, headers: { ...response.headers(), "access-control-allow-origin": "*" } });
    else await route.abort();
  });
  return asked;
}

test("data and a teacher that the address names are fetched by clicks that name the host, learned from, kept, and removed", async ({
  page,
}) => {
  const asked = await answerFor(page);
  await page.goto(`${SMALL}&steps=4&data=hf:me/set:30,12&teacher=hf:me/vit`);
  await phase(page, "ready");
  const form = data(page).locator(".hub");
  await expect(form.getByLabel("Data set")).toHaveValue("me/set");
  const look = "Look it up at huggingface.co";
  await expect(form.getByRole("button", { name: look })).toBeEnabled();
  expect([asked, new URL(page.url()).searchParams.get("data")]).toEqual([[], "hf:me/set:30,12"]);

  // The Hub is slow and cuts off once: a visitor gives up, and goes on from what has come.
  await form.getByRole("button", { name: look }).click();
  await says(form, "me/set 30 rows to learn from, 12 held out. Licence: mit.");
  await expectNoViolations(page);
  hub.fault = (path) => (path.startsWith("file") ? { stall: 2000 } : undefined);
  await form.getByRole("button", { name: /^Fetch 42 rows \(about .+\) from huggingface\.co$/ }).click();
  await form.getByRole("button", { name: "Cancel" }).click();
  await says(form, "from the Hub are kept in this browser");
  hub.fault = undefined;
  await form.getByRole("button", { name: look }).click();
  await form.getByRole("button", { name: /^Fetch 42 rows \(about .+ are kept here\) from huggingface\.co$/ }).click();
  await says(data(page), "me/set 30 images to learn from, 12 held out, 32 × 32 colour");
  await says(data(page), "Learned from is the split train, held out test.");

  const model = page.locator("#teacher .hub");
  await model.getByRole("button", { name: look }).click();
  await says(model, "me/vit Licence: not stated.");
  await model.getByRole("button", { name: /^Fetch it/ }).click();
  await says(page.locator("#teacher > .what"), "vit ViT, width 16");
  expect([...new Set(asked.map((one) => one.split("/")[0]))]).toEqual(["huggingface.co"]);
  const words = () => ["data", "teacher"].map((word) => new URL(page.url()).searchParams.get(word));
  await expect.poll(words).toEqual(["hf:me/set:30,12", "hf:me/vit"]);
  await runToEnd(page);

  // Other sizes of the same images need no network; the second time nothing is fetched.
  const before = asked.length;
  await page.locator("#data").getByRole("button", { name: "48 px" }).click();
  await says(data(page), "30 images to learn from, 12 held out, 48 × 48 colour");
  expect(asked.length).toBe(before);
  await form.getByRole("button", { name: look }).click();
  await expect(form.getByRole("button", { name: "Take 42 rows, kept here" })).toBeVisible();
  await form.getByRole("button", { name: "Remove them" }).click();
  await expect(form).not.toContainText("kept in this browser.");
});

test("what is refused is said beside the name, and what was loaded stays; a token opens what has terms; all is erased on demand", async ({
  page,
}) => {
  await answerFor(page);
  await page.goto(`${SMALL}&data=hf:me/gated`);
  const form = data(page).locator(".hub");
  const look = form.getByRole("button", { name: "Look it up at huggingface.co" });
  await look.click();
  await says(
    form.getByRole("alert"),
    "me/gated is only for those who have accepted its terms. Read and accept them at https://huggingface.co/datasets/me/gated",
  );
  await form.getByText("Token, for what").click();
  await form.getByLabel("Token of your account").fill("mine");
  await look.click();
  await says(form, "me/gated 60 rows to learn from, 18 held out.");
  await form.getByLabel("Data set").fill("me/words");
  await look.click();
  await says(form.getByRole("alert"), "me/words has no column of images. It has text.");
  await says(data(page), "Scenes 8,000 images to learn from");
  // What came is kept, and erased with all else.
  const folders = () => page.evaluate(async () => Array.fromAsync((await navigator.storage.getDirectory()).keys()));
  expect(await folders()).toEqual(["hub-1"]);
  page.on("dialog", (dialog) => dialog.accept());
  await button(page, "Erase all that is kept here").click();
  await expect(page.getByText("All that this page kept in this browser is erased")).toBeVisible();
  expect(await folders()).toEqual([]);
});
