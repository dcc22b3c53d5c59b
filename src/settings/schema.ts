/**
 * The one table of settings: those of every run, of each task and of each method. Whatever comes in (address, file,
 * panel, command line, saved run) is checked here.
 */
import { EngineError, shown } from "../engine/errors";
import { RECIPES, type Row, unfolded } from "./recipes";
import { RUN_SETTINGS, type Settings } from "./run";
import { choice, nameOf, type Setting, scoped, type Table, type Value } from "./setting";

/** A setting that cannot be: the message names it, what is wrong and what would be right. */
export class SettingError extends EngineError {
  override name = "SettingError";
}

/** An owner of settings: a task and its methods, each a preset. */
export interface Owner {
  settings: Table;
  methods: Readonly<Record<string, { label: string; knobs: Table; settings?: Table }>>;
  /** Rows of its papers' tables. */
  rows?: Readonly<Record<string, Row>>;
}

export class Schema {
  /** The presets' names; the first is the default. */
  readonly presets: readonly string[];
  /** Rows of the papers' tables, by name. */
  readonly rows: Readonly<Record<string, Row>>;
  private readonly tables: Readonly<Record<string, Table>>;
  private readonly everywhere: ReadonlySet<string>;

  constructor(owners: readonly Owner[]) {
    this.rows = Object.assign({}, ...owners.map(({ rows }) => rows ?? {}));
    this.presets = owners.flatMap(({ methods }) => Object.keys(methods));
    const preset = choice({
      label: "Method",
      help: "How the student is taught, and what it learns to do.",
      ...{ default: this.presets[0], options: this.presets, when: "next", group: "method", essential: true },
    });
    const tables = owners.flatMap(({ settings, methods }) =>
      Object.entries(methods).map(
        ([name, { knobs, settings: own }]) => [name, { preset, ...RUN_SETTINGS, ...settings, ...own, ...scoped(name, knobs) }] as const,
      ),
    );
    this.tables = Object.fromEntries(tables);
    this.everywhere = new Set(tables.flatMap(([, table]) => Object.entries(table).flatMap(namesOf)));
  }

  /** The settings of a preset, in order. Throws a SettingError for an unknown preset. */
  of(preset: string): Table {
    if (Object.hasOwn(this.tables, preset)) return this.tables[preset];
    throw new SettingError(`There is no method "${preset}".`, `Use one of ${this.presets.join(", ")}.`);
  }

  /** The description of a setting under a preset. Throws a SettingError where the preset has no such setting. */
  setting(key: string, preset: string): Setting {
    const table = this.of(preset);
    if (Object.hasOwn(table, key)) return table[key];
    throw new SettingError(`There is no setting "${key}" under ${preset}.`, `Use one of ${Object.keys(this.of(preset)).join(", ")}.`);
  }

  /** Every setting of a preset at its default. */
  defaults(preset = this.presets[0]): Settings {
    const values = Object.entries(this.of(preset)).map(([key, setting]) => [key, setting.default]);
    return { ...Object.fromEntries(values), preset };
  }

  /** Checks one value, as text or as it is. Throws a SettingError. */
  parse(key: string, value: unknown, preset: string): Value {
    return parsed(key, value, this.setting(key, preset));
  }

  /** Settings in full, each checked. Throws a SettingError that names all that cannot be. */
  checked(settings: Readonly<Record<string, unknown>>): Settings {
    if (typeof settings !== "object" || settings === null) throw new SettingError("There are no settings.", "Give names and values.");
    const { settings: found, problems } = this.fromPairs(asPairs(settings));
    if (problems.length) throw new SettingError(problems.join(" "), "Use a value that is allowed.");
    return found;
  }

  /** The settings that differ from their defaults or are `given`, as a readable query: `keep=0.25&criterion=random`. */
  toQuery(settings: Settings, given: readonly string[] = []): string {
    const usual: Record<string, Value> = { ...this.defaults(settings.preset), preset: this.presets[0] };
    const differing = Object.keys(this.of(settings.preset)).filter((key) => settings[key] !== usual[key] || given.includes(key));
    return new URLSearchParams(differing.map((key) => [key, String(settings[key])])).toString();
  }

  /**
   * Settings from name-value pairs; what cannot be used keeps its default and is reported in words. The preset says which
   * settings there are and what their defaults are, wherever it stands. A method's setting may be named without its owner, as
   * addresses and saved runs of earlier versions do; settings of other presets are passed over. A recipe stands for its
   * values; what is named beside it wins. `given` lists those of the pairs that a task would otherwise measure: it leaves them
   * alone, at their default too.
   */
  fromPairs(pairs: Iterable<[string, string]>): { settings: Settings; problems: string[]; given: string[] } {
    const { pairs: all, problems } = unfolded([...pairs], this.rows);
    const named = all.findLast(([key]) => key === "preset")?.[1];
    const settings = this.defaults(named !== undefined && Object.hasOwn(this.tables, named) ? named : undefined);
    const given = new Set<string>();
    for (const [name, value] of all) {
      if (!this.everywhere.has(name)) problems.push(`There is no setting "${name}".`);
      for (const key of this.keysFor(name, settings.preset)) {
        try {
          Object.assign(settings, { [key]: this.parse(key, value, settings.preset) });
          if (this.setting(key, settings.preset).measured) given.add(key);
        } catch (error) {
          problems.push((error as Error).message);
        }
      }
    }
    return { settings, problems, given: [...given] };
  }

  /** Recipes that set something, and nothing that a preset does not have or allow. */
  recipes(preset: string): string[] {
    const table = this.of(preset);
    const allowed = ([key, value]: [string, Value]) => key in table && isValue(value, table[key]);
    return Object.keys(RECIPES).filter((name) => {
      const values = Object.entries(RECIPES[name].values);
      return values.length > 0 && values.every(allowed);
    });
  }

  /** Settings that earlier versions did not have, as those did without them: for saved runs of theirs. */
  before(preset: string): [string, Value][] {
    const table = Object.hasOwn(this.tables, preset) ? this.tables[preset] : {};
    return Object.entries(table).flatMap(([key, { before }]) => (before === undefined ? [] : [[key, before]]));
  }

  /** The keys that a name stands for: the key itself, or all keys that are called so without their owner, or were formerly. */
  keysFor(name: string, preset: string): string[] {
    const table = this.of(preset);
    const entries = Object.entries(table);
    return Object.hasOwn(table, name) ? [name] : entries.filter((entry) => namesOf(entry).includes(name)).map(([key]) => key);
  }
}

/** Values as text, for `fromPairs`: those of a file may be of any type. */
export function asPairs(settings: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(settings).map(([key, value]) => [key, typeof value === "string" ? value : shown(value)]);
}

/** What a setting may be called where settings enter. */
const namesOf = ([key, { formerly = key }]: [string, Setting]): string[] => [key, nameOf(key), formerly];

function isValue(value: Value, setting: Setting): boolean {
  try {
    return parsed("", value, setting) === value;
  } catch {
    return false;
  }
}

function parsed(key: string, value: unknown, setting: Setting): Value {
  const text = typeof value === "string" ? value : shown(value);
  if (setting.kind === "choice") {
    if (setting.options.includes(text)) return text;
    throw new SettingError(`${key} cannot be "${text}".`, `Use one of ${setting.options.join(", ")}.`);
  }
  const n = text.trim() === "" ? Number.NaN : Number(text);
  if (n >= setting.min && n <= setting.max && (!setting.integer || Number.isInteger(n))) return n;
  const kind = setting.integer ? "a whole number" : "a number";
  throw new SettingError(`${key} cannot be "${text}".`, `Use ${kind} from ${setting.min} to ${setting.max}.`);
}
