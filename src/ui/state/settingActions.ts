/** Changing settings: they are checked, sent to the run if they act on it, and can be taken back. Every control calls this. */
import { RECIPES } from "../../settings/recipes";
import type { Settings } from "../../settings/run";
import { SettingError } from "../../settings/schema";
import type { Value } from "../../settings/setting";
import { SCHEMA, sameTeacherKind, taskOf } from "../../tasks";
import type { Context } from "./context";
import type { DataActions } from "./dataActions";
import { now, since } from "./instant";
import { actsOnRun } from "./selectors";

/** While a slider is dragged, values are sent only where it rests: each change of the mask records the step anew. */
export const SEND_MS = 150;
/** Changes of one control in quick succession are taken back together. */
const SAME_DRAG_MS = 1500;

export class SettingActions {
  private readonly pending = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly context: Context,
    private readonly data: DataActions,
  ) {}

  /** Changes a setting to what was entered. An entry that is not allowed is explained at the control and changes nothing. */
  change(key: string, entry: Value): void {
    const { wanted } = this.context.store.getState();
    try {
      const value = SCHEMA.parse(key, entry, wanted.preset);
      this.assertGuided(changed(wanted, key, value));
      this.setProblem(key, undefined);
      this.note(key);
      if (value === wanted[key]) return;
      // Images of another size have to be made first; the setting changes when they are loaded.
      if (key === "side") return void this.data.resize(Number(value));
      this.remember(key, wanted[key]);
      this.apply(key, value);
    } catch (error) {
      this.setProblem(key, (error as Error).message);
    }
  }

  /** Puts a recipe's values into the panel, as if each had been entered. */
  follow(recipe: string): void {
    for (const [key, value] of Object.entries(RECIPES[recipe].values)) this.change(key, value);
  }

  /** Takes the last live change back. */
  undo(): void {
    const { undo } = this.context.store.getState();
    const last = undo.at(-1);
    if (!last) return;
    this.context.store.setState({ undo: undo.slice(0, -1) });
    this.apply(last.key, last.from);
  }

  /** Back to the default; what a task measures is left to it again. */
  reset(key: string): void {
    this.change(key, SCHEMA.setting(key, this.context.store.getState().wanted.preset).default);
    this.context.store.setState(({ given }) => ({ given: given.filter((one) => one !== key) }));
    this.writeAddress();
  }

  /**
   * Puts the settings of a run into the panel; they act with the next start. Of what a task would measure, those in `given` count as
   * set by a person: all, where the settings are of a run that was made.
   */
  setUp(settings: Settings, given?: readonly string[]): void {
    this.change("preset", settings.preset);
    // A run kept by an earlier version of this page may lack some.
    for (const key of Object.keys(SCHEMA.of(settings.preset))) if (settings[key] !== undefined) this.change(key, settings[key]);
    if (!given) return;
    this.context.store.setState({ given: [...given] });
    this.writeAddress();
  }

  /** Sets up a row of a paper's table. Settings that it does not speak of stay, those of methods go back to their defaults. */
  setUpRow(name: string): void {
    const { values } = SCHEMA.rows[name];
    const spoken = (key: string) => key in values || key.includes(".") || key === "preset" || key === "teacher";
    const kept = Object.entries(this.context.store.getState().wanted).filter(([key]) => !spoken(key));
    const pairs = kept.map(([key, value]): [string, string] => [key, String(value)]);
    const { settings, given } = SCHEMA.fromPairs([...pairs, ["row", name]]);
    this.setUp(settings, given);
  }

  /** A run has begun. A restored one brings its settings along; otherwise the panel's are newer. */
  started(settings: Settings, restored: boolean): void {
    if (restored) this.setWanted(settings);
    else for (const key of Object.keys(settings)) this.send(key);
  }

  /** Drops what has yet to be sent: a run that begins with the panel's settings has it already. */
  dropPending(): void {
    for (const timer of this.pending.values()) clearTimeout(timer);
    this.pending.clear();
  }

  /** Throws where a setting needs a guide and none is loaded. */
  private assertGuided(settings: Settings): void {
    const { store, sources } = this.context;
    const asks = (of: Settings) => taskOf(of.preset).asksGuide?.(of) === true;
    if (asks(settings) && !asks(store.getState().wanted) && !sources.getState().loaded?.guide)
      throw new SettingError("There is no guide yet.", "Import one first, at the bottom of the teacher card.");
  }

  private apply(key: string, value: Value): void {
    const { wanted } = this.context.store.getState();
    this.setWanted(changed(wanted, key, value));
    if (key === "preset") this.turnToMethod(String(value));
    else if (!sameTeacherKind(wanted, changed(wanted, key, value))) this.data.want();
    if (this.isLive(key)) this.sendSoon(key);
    if (key === "teacher") this.data.prepare();
  }

  /** After another method was chosen: changes of settings it does not have can no longer be taken back. */
  private turnToMethod(preset: string): void {
    const known = SCHEMA.of(preset);
    this.context.store.setState(({ undo }) => ({ undo: undo.filter(({ key }) => key in known), problems: {} }));
    this.data.turnToTask();
  }

  private setWanted(wanted: Settings): void {
    this.context.store.setState(({ given }) => ({ wanted, given: given.filter((key) => key in wanted) }));
    this.writeAddress();
  }

  private writeAddress(): void {
    const { wanted, given } = this.context.store.getState();
    this.context.address.write(wanted, given);
  }

  /** Notes that a person has set what a task would measure by itself: also where it is set to the default. */
  private note(key: string): void {
    const { wanted, given } = this.context.store.getState();
    if (!SCHEMA.setting(key, wanted.preset).measured || given.includes(key)) return;
    this.context.store.setState({ given: [...given, key] });
    this.writeAddress();
  }

  private setProblem(key: string, problem: string | undefined): void {
    this.context.store.setState(({ problems }) => ({ problems: { ...problems, [key]: problem } }));
  }

  private isLive(key: string): boolean {
    return SCHEMA.setting(key, this.context.store.getState().wanted.preset).when === "live";
  }

  private remember(key: string, from: Value): void {
    if (!this.isLive(key)) return;
    const { undo } = this.context.store.getState();
    const last = undo.at(-1);
    const at = now();
    const sameDrag = last?.key === key && since(last.at) < SAME_DRAG_MS;
    this.context.store.setState({ undo: sameDrag ? [...undo.slice(0, -1), { ...last, at }] : [...undo, { key, from, at }] });
  }

  private sendSoon(key: string): void {
    clearTimeout(this.pending.get(key));
    this.pending.set(
      key,
      setTimeout(() => this.send(key), SEND_MS),
    );
  }

  /** Sends a setting to the run if the run has another value. A run that has yet to begin will begin with it. */
  private send(key: string): void {
    const state = this.context.store.getState();
    if (actsOnRun(key, state)) this.context.send({ type: "set", key, value: state.wanted[key] });
  }
}

/** The settings after a change of one. */
const changed = (wanted: Settings, key: string, value: Value): Settings =>
  key === "preset" ? underPreset(wanted, String(value)) : { ...wanted, [key]: value };

/**
 * The settings after another preset was chosen. A setting at its default takes the new preset's default; a changed one keeps its
 * value if the new preset has the setting and allows the value. The image side carries over within a task only.
 */
export function underPreset(wanted: Settings, preset: string): Settings {
  const [before, after] = [SCHEMA.defaults(wanted.preset), SCHEMA.defaults(preset)];
  const otherTask = taskOf(preset) !== taskOf(wanted.preset);
  const kept = Object.keys(after).filter((key) => {
    if (key === "preset" || (key === "side" && otherTask)) return false;
    return key in before && wanted[key] !== before[key] && isAllowed(key, wanted[key], preset);
  });
  return { ...after, ...Object.fromEntries(kept.map((key) => [key, wanted[key]])) };
}

function isAllowed(key: string, value: Value, preset: string): boolean {
  try {
    return SCHEMA.parse(key, value, preset) === value;
  } catch {
    return false;
  }
}
