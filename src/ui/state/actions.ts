/** What a visitor can do: change a setting, take it back, play, pause. Every way in (button, key, slider) ends here. */
import { asksGuide, type Criterion } from "../../methods/classification/maskedkd";
import {
  defaults,
  isDetection,
  KEYS,
  type Key,
  type Preset,
  parseSetting,
  SettingError,
  type Settings,
  settingOf,
  settingsOf,
} from "../../settings/experiment";
import { begin } from "./client";
import { hasTeacher, prepare, resize, turnToKind } from "./sourceActions";
import { getSupply } from "./sources";
import { begun, busy, finished, getState, setState, waiting } from "./store";
import { writeUrl } from "./url";
import { send } from "./workerLink";

/** A slider's drag sends its resting places, not every pixel: changing the mask records the step anew. */
const SEND_MS = 150;
/** Changes of one control in quick succession are taken back together. */
const SAME_DRAG_MS = 1500;

const pending = new Map<Key, ReturnType<typeof setTimeout>>();

/** Changes a setting to an entry; what cannot be is said at the control and changes nothing. */
export function change(key: Key, entry: string | number): void {
  const { wanted, problems } = getState();
  try {
    const value = parseSetting(key, entry, wanted.preset);
    if (key === "criterion") assertGuided(value as Criterion);
    setState({ problems: { ...problems, [key]: undefined } });
    if (value === wanted[key]) return;
    // Images of another size have to be made first; the setting follows them.
    if (key === "side") return void resize(Number(value));
    remember(key, wanted[key]);
    apply(key, value);
  } catch (error) {
    setState({ problems: { ...problems, [key]: (error as Error).message } });
  }
}

function assertGuided(criterion: Criterion): void {
  if (asksGuide(criterion) && !getSupply().loaded?.guide)
    throw new SettingError("There is no guide yet.", "Import one first, at the bottom of the teacher card.");
}

function apply(key: Key, value: string | number): void {
  setState(({ wanted }) => ({ wanted: key === "preset" ? underPreset(wanted, value as Preset) : { ...wanted, [key]: value } }));
  writeUrl(getState().wanted);
  if (key === "preset") turnToKind();
  if (isLive(key)) sendSoon(key);
  if (key === "teacher") prepare();
}

const isLive = (key: Key) => settingOf(key, getState().wanted.preset).when === "live";

/** The settings under another preset: what was at its default is at the new one's. Images of the other kind have their own size. */
function underPreset(wanted: Settings, preset: Preset): Settings {
  const [before, after] = [defaults(wanted.preset), defaults(preset)];
  const kept = KEYS.filter(
    (key) =>
      wanted[key] !== before[key] && settingsOf(preset)[key] && (key !== "side" || isDetection(preset) === isDetection(wanted.preset)),
  );
  return { ...after, ...Object.fromEntries(kept.map((key) => [key, wanted[key]])) };
}

function remember(key: Key, from: string | number): void {
  const { undo } = getState();
  const last = undo.at(-1);
  const at = Date.now();
  if (!isLive(key)) return;
  if (last?.key === key && at - last.at < SAME_DRAG_MS) setState({ undo: [...undo.slice(0, -1), { ...last, at }] });
  else setState({ undo: [...undo, { key, from, at }] });
}

function sendSoon(key: Key): void {
  clearTimeout(pending.get(key));
  const timer = setTimeout(() => {
    // Before there is a run there is nothing to change; it will begin with what is wanted.
    const { active, wanted } = getState();
    if (active && settingsOf(active.preset)[key] && active[key] !== wanted[key]) send({ type: "set", key, value: wanted[key] });
  }, SEND_MS);
  pending.set(key, timer);
}

/** Takes the last live change back. */
export function undo(): void {
  const { undo: stack } = getState();
  const last = stack.at(-1);
  if (!last) return;
  setState({ undo: stack.slice(0, -1) });
  apply(last.key, last.from);
}

export function reset(key: Key): void {
  change(key, settingOf(key, getState().wanted.preset).default);
}

/** Settings that cannot go together, at the control that mends it. */
export function conflicts({ width, heads }: Settings): Partial<Record<Key, string>> {
  if (width % heads === 0) return {};
  const near = Math.max(heads, heads * Math.round(width / heads));
  return { width: `A width of ${width} cannot be shared by ${heads} heads. Use ${near}, or other heads.` };
}

/** A fresh run with the panel's settings; it needs no telling of those that have just been changed. */
export function restart(): void {
  const [conflict] = Object.values(conflicts(getState().wanted));
  if (conflict) setState({ failure: { message: "These settings do not go together.", remedy: conflict, fatal: false } });
  else if (hasTeacher()) {
    for (const timer of pending.values()) clearTimeout(timer);
    begin();
  }
}

/** Puts a kept run's settings into the panel; they act with the next start. */
export function setUp(settings: Settings): void {
  // A run kept by an older version of this page may lack some.
  for (const key of KEYS) if (settings[key] !== undefined) change(key, settings[key]);
}

/** The same run again, but with a teacher that sees every patch. */
export function runPair(): void {
  change("keep", 1);
  restart();
}

/** Ends the run where it is. */
export function stop(): void {
  const state = getState();
  if (begun(state) && !finished(state)) send({ type: "stop" });
}

/** The green button: starts, pauses or continues, whichever is due. */
export function playOrPause(): void {
  const state = getState();
  if (busy(state)) send({ type: "pause" });
  else if (state.phase === "ready" || state.phase === "failed" || finished(state)) restart();
  else if (state.phase === "paused") send({ type: "play" });
}

export function stepOnce(): void {
  const state = getState();
  if (state.phase !== "ready" && state.phase !== "paused") return;
  if (state.phase === "ready" && !hasTeacher()) return;
  // What has been prepared has the settings of that time.
  if (state.phase === "ready" && waiting(state).length) send({ type: "start", settings: state.wanted, paused: true });
  send({ type: "step" });
}
