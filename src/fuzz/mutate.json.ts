/** Changes to values before they become JSON: wrong types, absurd numbers, missing and strange keys, depth. */
import type { Draws } from "./draws";
import { TEXTS } from "./odd";

const DEEP = 50_000;
const LONG = 20_000;

/** A value that is written as it stands, for numbers that JSON has and JavaScript has not, and for depth that no stack holds. */
class Raw {
  constructor(readonly text: string) {}
}

const ODD: readonly ((draws: Draws) => unknown)[] = [
  () => null,
  () => true,
  () => "",
  () => [],
  () => ({}),
  (draws) => draws.pick([0, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e9, 1e308, -5, 65_536]),
  (draws) => draws.pick([0, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e9, 1e308, -5, 65_536]),
  (draws) => new Raw(draws.pick(["1e999", "-1e999", "-0", "12345678901234567890"])),
  (draws) => draws.pick(TEXTS),
  (draws) => draws.pick(["NaN", "1", "-1", "1e999", " "]),
  (draws) => [draws.pick([1e9, null, "", -1])],
  (draws) => ({ [draws.pick(TEXTS)]: draws.pick(TEXTS) }),
  (draws) => Array.from({ length: draws.magnitude(LONG) }, () => 1),
  (draws) => "x".repeat(draws.magnitude(LONG)),
  (draws) => nested(draws.magnitude(DEEP), draws.chance(0.5)),
];

function nested(depth: number, lists: boolean): Raw {
  return new Raw(lists ? "[".repeat(depth) + "]".repeat(depth) : `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
}

/** Where a value lies: the list or map that holds it, and under which key. */
type Place = [holder: Record<string, unknown>, key: string];

function places(value: unknown): Place[] {
  if (typeof value !== "object" || value === null || value instanceof Raw) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [[holder, key] as Place, ...places(holder[key])]);
}

/** JSON of the value with one to three changes; the value stays as it was. */
export function mutatedJson(value: unknown, draws: Draws): string {
  const changed = { value: structuredClone(value) };
  for (let i = 1 + draws.below(3); i > 0; i--) change(draws.pick(places(changed)), draws);
  return written(changed.value);
}

function change([holder, key]: Place, draws: Draws): void {
  const kind = draws.below(10);
  if (kind < 6) define(holder, key, draws.pick(ODD)(draws));
  else if (kind < 8 && key !== "value") delete holder[key];
  else if (kind < 9) define(holder, draws.pick(TEXTS), holder[key]);
  else if (Array.isArray(holder[key])) define(holder, key, Array(draws.magnitude(300)).fill(holder[key]).flat().slice(0, LONG));
  else define(holder, key, JSON.stringify(holder[key]));
}

/** Also under the key `__proto__`, as JSON may have it; but lists keep their length. */
function define(holder: object, key: string, value: unknown): void {
  if (Array.isArray(holder) && key === "length") return;
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** As JSON; raw texts as they are. */
function written(value: unknown): string {
  const raws: string[] = [];
  const mark = "\uE000";
  const text = JSON.stringify(value, (_, one) => (one instanceof Raw ? `${mark}${raws.push(one.text) - 1}${mark}` : one));
  return text.replace(new RegExp(`"${mark}(\\d+)${mark}"`, "g"), (_, i) => raws[i]);
}
