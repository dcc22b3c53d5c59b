/** Settings from address, file or command line: by key, by a name of earlier versions, within what is allowed. */
import { expect, test } from "vitest";
import { Schema } from "./schema";
import { choice, number } from "./setting";

const share = { label: "Share", help: "", when: "live", group: "loss" } as const;

const schema = new Schema([
  {
    settings: {
      keep: number({ ...share, default: 0.5, min: 0, max: 1 }),
      softmaxOver: choice({ ...share, formerly: "reading", default: "code", options: ["code", "eq2"] }),
    },
    methods: { first: { label: "First", knobs: { lambda: number({ ...share, default: 1, min: 0, max: 10 }) } } },
  },
  {
    settings: { batch: number({ ...share, default: 8, min: 1, max: 128, integer: true }) },
    methods: {
      second: { label: "Second", knobs: { lambda: number({ ...share, default: 0.45, min: 0, max: 1 }) } },
      third: { label: "Third", knobs: { lambda: number({ ...share, default: 5, min: 0, max: 100, measured: true }) } },
    },
  },
]);

const read = (query: string) => schema.fromPairs(new URLSearchParams(query));

test("each method has a setting of its own, with its own range", () => {
  expect(read("preset=second&second.lambda=0.3").settings["second.lambda"]).toBe(0.3);
  expect(read("preset=second&second.lambda=8").problems).toEqual([expect.stringMatching(/second\.lambda cannot be "8".*from 0 to 1/)]);
  expect(read("preset=third&third.lambda=8").settings["third.lambda"]).toBe(8);
  expect(schema.of("second")["third.lambda"]).toBeUndefined();
});

test("addresses of earlier versions still say what they said", () => {
  expect(read("lambda=3&keep=0.25&reading=eq2")).toEqual({
    settings: { ...schema.defaults(), "first.lambda": 3, keep: 0.25, softmaxOver: "eq2" },
    problems: [],
    given: [],
  });
  expect(read("preset=third&lambda=8").settings["third.lambda"]).toBe(8);
});

test("a setting without a part under a preset is passed over, an unknown one is reported", () => {
  const { settings, problems } = read("preset=second&keep=0.25&nonsense=1");
  expect(settings).toEqual(schema.defaults("second"));
  expect(problems).toEqual(['There is no setting "nonsense".']);
});

test("what every object of the language has is no preset and no setting", () => {
  for (const word of ["constructor", "__proto__", "toString"]) {
    expect(read(`preset=${word}`).settings).toEqual(schema.defaults());
    expect(read(`preset=second&${word}=1`)).toEqual({
      ...{ settings: schema.defaults("second"), given: [] },
      problems: [`There is no setting "${word}".`],
    });
    expect(() => schema.of(word)).toThrow(`There is no method "${word}".`);
    expect(() => schema.setting(word, "first")).toThrow(`There is no setting "${word}" under first.`);
    expect(schema.before(word)).toEqual([]);
  }
});

test("values of any type are refused in words", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 50_000; i++) deep = [deep];
  for (const value of [deep, { toString: "x" }, [0.5], { valueOf: 1 }, null, true])
    expect(() => schema.checked({ preset: "first", keep: value }), typeof value).toThrow(
      /^keep cannot be ".*"\. Use a number from 0 to 1\./,
    );
  expect(() => schema.checked(null as never)).toThrow("There are no settings.");
  expect(() => schema.parse("keep", { toString: "x" }, "first")).toThrow('keep cannot be "a nested value".');
});

test("an unknown preset is reported, and the default is used", () => {
  const { settings, problems } = read("preset=none");
  expect(settings.preset).toBe("first");
  expect(problems).toEqual([expect.stringMatching(/preset cannot be "none"/)]);
});

test("a setting that earlier versions did not have is told as they did without it", () => {
  const share = { label: "Share", help: "", when: "live", group: "loss" } as const;
  const anchors = choice({ ...share, default: "2", options: ["2", "4"], before: "4" });
  const grown = new Schema([
    { settings: { anchors, keep: number({ ...share, default: 1, min: 0, max: 2 }) }, methods: { one: { label: "", knobs: {} } } },
  ]);
  expect(grown.before("one")).toEqual([["anchors", "4"]]);
  expect(grown.before("none")).toEqual([]);
});

test("a query holds what differs from the defaults, and reads back as it was", () => {
  const settings = { ...schema.defaults("third"), "third.lambda": 8, batch: 4 };
  const query = schema.toQuery(settings);
  expect(query).toBe("preset=third&batch=4&third.lambda=8");
  expect(read(query)).toEqual({ settings, problems: [], given: ["third.lambda"] });
  expect(schema.toQuery(schema.defaults())).toBe("");
});

test("what a task would measure is known to be given, at its default too, and stays so in a query", () => {
  expect(read("preset=third&batch=4").given).toEqual([]);
  const { settings, given } = read("preset=third&batch=4&lambda=5");
  expect(given).toEqual(["third.lambda"]);
  const query = schema.toQuery(settings, given);
  expect(query).toBe("preset=third&batch=4&third.lambda=5");
  expect(read(query).given).toEqual(given);
  expect(read("preset=third&lambda=500").given).toEqual([]);
});

test("settings that enter as a whole are checked, and all that is wrong is named", () => {
  expect(() => schema.checked({ preset: "second", batch: 0.5, "second.lambda": 8 })).toThrow(
    /batch cannot be "0.5".*second\.lambda cannot be "8"/,
  );
  expect(schema.checked({ preset: "second", batch: 2 })).toEqual({ ...schema.defaults("second"), batch: 2 });
});

test("a number that is none is refused, an empty one too", () => {
  for (const entry of ["", " ", "many", "NaN"]) expect(() => schema.parse("keep", entry, "first")).toThrow(/keep cannot be/);
});
