/** Audio: an audio transformer learns from a masked teacher in the page, its sounds can be heard, people's own can be opened. */
import { expect, test } from "@playwright/test";
import { flacBytes } from "../src/data/flac.fixture";
import { tone, wavBytes } from "../src/data/wav.fixture";
import { button, data, expectNoViolations, give, LONG, phase, picture, QUICK_KERNELS, says, stepOf, stepReaches, upload } from "./page";

const SMALL = `./?preset=ast&batch=4&width=16&depth=1&heads=2&steps=5000&evaluate=5000&${QUICK_KERNELS}`;
/** Of a spectrogram: 4 x 12. */
const PATCHES = 48;

test.describe.configure({ timeout: 6 * LONG });

test("it trains, the mask follows the share of patches on the very next steps, and a click plays a sound", async ({ page }) => {
  // What is played is noted: a test machine may have no speaker.
  await page.addInitScript(() => {
    const played: number[] = [];
    Object.assign(window, { played });
    const { start } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function noted() {
      played.push(this.buffer?.length ?? 0);
      start.call(this);
    };
  });
  await page.goto(SMALL);
  await phase(page, "ready");
  await expect(page.locator('[data-layer="mask"] canvas')).toHaveCount(8, { timeout: LONG });
  await button(page, "Start").click();
  await stepReaches(page, 2);
  await expect(picture(page)).toHaveAttribute("data-kept", String(PATCHES / 2), { timeout: LONG });
  await button(page, "25 %").click();
  await expect(picture(page)).toHaveAttribute("data-kept", String(PATCHES / 4), { timeout: LONG });
  await stepReaches(page, (await stepOf(page)) + 2);
  await says(page.locator(".cost"), `${PATCHES / 4} patches`);
  await picture(page).click();
  await page.getByRole("button", { name: "Play sound 2, rise" }).first().click();
  await expect.poll(() => page.evaluate(() => (window as unknown as { played: number[] }).played)).toEqual([16_000, 16_000]);
  await button(page, "Stop").click();
  await phase(page, "finished");
  await says(page.locator(".verdict"), "held-out sounds");
  await expectNoViolations(page);
});

test("a sound from the microphone is shown, named by student and teacher, and sent nowhere", async ({ page }) => {
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      const context = new AudioContext();
      const oscillator = context.createOscillator();
      const end = context.createMediaStreamDestination();
      oscillator.connect(end);
      oscillator.start();
      return end.stream;
    };
  });
  await page.goto(SMALL);
  await phase(page, "ready");
  const first = page.locator('[data-layer="mask"] figcaption').first();
  await expect(first).toContainText("tone", { timeout: LONG });
  const sent: string[] = [];
  page.on("request", (request) => sent.push(request.url()));
  await button(page, "Try your own sound").click();
  await expect(first).toContainText("yours", { timeout: LONG });
  await expect(first).toContainText(/student \w+/, { timeout: LONG });
  await expect(page.locator('[data-layer="mask"] canvas').first()).toHaveAttribute("aria-label", /image 1, yours/);
  expect(sent.filter((url) => !url.startsWith("data:") && !url.startsWith("blob:"))).toEqual([]);
});

test("a person's WAV and FLAC files are read, rates and formats reported, and what is silent is left out by name", async ({ page }) => {
  await page.goto(`${SMALL}&teacher=none`);
  await phase(page, "ready");
  const files = ["low", "high"].flatMap((name, c) =>
    [1, 2, 3].map((i) => upload(`${name}_${i}.wav`, wavBytes(tone(8000, 300 * (c + 1) + i, 8000), { rate: 8000 }))),
  );
  const more = [upload("low_4.wav", wavBytes(new Float32Array(4000))), upload("high_5.flac", flacBytes(tone(8000, 900)))];
  await give(page, ...files, ...more, upload("low_6.mp3", Uint8Array.of(1, 2, 3)));
  await says(data(page), "2 classes: high, low");
  await says(data(page), "5 sounds to learn from, 2 held out");
  await says(data(page), "Recordings in the format FLAC, decoded by this browser");
  await says(data(page), "low_6.mp3 is no MP3 that this browser decodes");
  await says(data(page), "Recordings of 8 kHz, resampled to 16 kHz: 6");
  await says(data(page), "low_4.wav is silent");
});
