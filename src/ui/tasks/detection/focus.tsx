/** Which feature maps the panels below show: one choice for all of them. */
import { useMemo } from "react";
import { boxGalleryOf, shownMaps } from "../../state/selectors";
import { setState, useStore } from "../../state/store";
import { type Focus, levelsOf, type Maps, nearest, sidesOf } from "./featureMaps";

const NOTHING: Maps = {};

export interface Features {
  maps: Maps;
  step?: number;
  focus: Focus;
  /** Pyramid levels on the FPN level. */
  sides: number[];
}

/** The maps of the step shown, and what of them is chosen as far as it exists. */
export function useFeatures(): Features {
  const look = useStore(shownMaps);
  const wanted = useStore((state) => state.focus);
  const images = useStore((state) => boxGalleryOf(state).truths.length);
  return useMemo(() => {
    const maps = look?.maps ?? NOTHING;
    const focus = nearest(wanted, maps, images);
    return { maps, step: look?.step, focus, sides: sidesOf(maps, focus.level) };
  }, [look, wanted, images]);
}

const choose = (part: Partial<Focus>) => setState(({ focus }) => ({ focus: { ...focus, ...part } }));

export function FocusSwitch({ maps, focus, sides }: Features) {
  const images = useStore((state) => boxGalleryOf(state).truths.length);
  const cells = focus.side ** 2;
  return (
    <div className="focus">
      <Select label="Image" value={focus.image} options={named(images, (i) => String(i + 1))} onChange={(image) => choose({ image })} />
      <Select
        label="FPN level"
        value={focus.level}
        options={levelsOf(maps).map((level) => [level, levelName(level)])}
        onChange={(level) => choose({ level })}
      />
      {sides.length > 0 && (
        <Select
          label="Regions"
          value={focus.side}
          options={sides.map((side) => [side, `${side} × ${side}`])}
          onChange={(side) => choose({ side, cell: 0 })}
        />
      )}
      {sides.length > 0 && cells > 1 && (
        <Select label="Region" value={focus.cell} options={named(cells, (i) => String(i + 1))} onChange={(cell) => choose({ cell })} />
      )}
    </div>
  );
}

/** The finest level of these detectors has stride 8: P3. */
const levelName = (level: number): string => `P${level + 3}`;

const named = (count: number, name: (i: number) => string): [number, string][] => Array.from({ length: count }, (_, i) => [i, name(i)]);

interface SelectProps {
  label: string;
  value: number;
  options: [number, string][];
  onChange(value: number): void;
}

function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <label className="check">
      {label}
      <select value={value} onChange={({ target }) => onChange(Number(target.value))}>
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
