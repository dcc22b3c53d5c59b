/** A recorded run comes back from its file as it was, to three digits. */
import { expect, test } from "vitest";
import { SCHEMA } from "../tasks";
import type { Event } from "./protocol";
import { RECORDING, type Recording, readRecording, writeRecording } from "./recording";

const view = (value: unknown): Event => ({ type: "view", task: "t", view: { name: "v", step: 1, keep: 9, value } });

const RECORDED: Recording = {
  ...{ version: RECORDING, name: "r", title: "R", about: "What it shows.", preset: "maskedkd", settings: SCHEMA.defaults() },
  events: [
    view({ bytes: Uint8Array.of(1, 2, 255), kept: Uint32Array.of(7, 4_000_000_000), counts: Float64Array.of(1 / 3) }),
    view({ list: [{ values: Float32Array.of(1 / 3, -1e-7, 0) }, undefined], none: null, empty: new Float32Array() }),
    { type: "phase", phase: "finished", note: "ä" },
  ],
};

test("typed arrays of every kind come back, floats of pictures to three digits", async () => {
  const { events, ...facts } = await readRecording(new Blob([(await writeRecording(RECORDED)) as BlobPart]));
  const { events: _, ...told } = RECORDED;
  expect(facts).toEqual(told);
  expect(events[0]).toEqual(RECORDED.events[0]);
  expect(events[2]).toEqual(RECORDED.events[2]);
  const { list, none, empty } = (events[1] as Extract<Event, { type: "view" }>).view.value as {
    list: [{ values: Float32Array }];
    none: null;
    empty: Float32Array;
  };
  const { values } = list[0];
  expect(values).toBeInstanceOf(Float32Array);
  for (const [i, value] of [1 / 3, -1e-7, 0].entries()) expect(Math.abs(values[i] - value)).toBeLessThanOrEqual(Math.abs(value) / 1000);
  expect([none, empty]).toEqual([null, new Float32Array()]);
});

test("what is no recording, cut off, or of another version is refused in words", async () => {
  const whole = await writeRecording(RECORDED);
  const read = (bytes: Uint8Array) => readRecording(new Blob([bytes as BlobPart]));
  for (const bytes of [new Uint8Array(), whole.subarray(0, whole.length / 2), new TextEncoder().encode("<!doctype html>")])
    await expect(read(bytes)).rejects.toThrow("not a recorded run");
  await expect(read(await writeRecording({ ...RECORDED, version: RECORDING + 1 }))).rejects.toThrow('"R" was recorded by another version');
});
