/** Which feature maps the panels below show: one choice for all of them. */
import { useMemo } from "react";
import { usePick, useStore } from "../../state/app";
import { type FeatureMap, type Focus, levelName, levelsOf, nearest, regionsOf } from "./featureMaps";
import { galleryOf, mapsOf } from "./gallery";

const NOTHING: readonly FeatureMap[] = [];

export interface Features {
  maps: readonly FeatureMap[];
  step?: number;
  focus: Focus;
  /** Numbers of regions per side on the level. */
  sides: number[];
}

const FIRST: Focus = { image: 0, level: 0, regions: 2, region: 0 };

/** The chosen map, whether or not it is there; and how to choose another. */
export const useFocus = () => usePick("detection", FIRST);

/** The maps of the step shown, and what of them is chosen as far as it exists. */
export function useFeatures(): Features {
  const shown = useStore(mapsOf);
  const [wanted] = useFocus();
  const images = useStore((state) => galleryOf(state).truths.length);
  return useMemo(() => {
    const maps = shown?.maps ?? NOTHING;
    const focus = nearest(wanted, maps, images);
    return { maps, step: shown?.step, focus, sides: regionsOf(maps, focus.level) };
  }, [shown, wanted, images]);
}

/** Level and regions; on the stage images and regions are picked on its pictures. */
export function FocusSwitch({ maps, focus, sides, onStage = false }: Features & { onStage?: boolean }) {
  const images = useStore((state) => galleryOf(state).truths.length);
  const [, choose] = useFocus();
  const count = focus.regions ** 2;
  return (
    <div className="focus">
      {!onStage && (
        <Select label="Image" value={focus.image} options={named(images, (i) => String(i + 1))} onChange={(image) => choose({ image })} />
      )}
      <Select
        label="FPN level"
        value={focus.level}
        options={levelsOf(maps).map((level) => [level, levelName(level)])}
        onChange={(level) => choose({ level })}
      />
      {sides.length > 0 && (
        <Select
          label="Regions"
          value={focus.regions}
          options={sides.map((side) => [side, `${side} × ${side}`])}
          onChange={(regions) => choose({ regions, region: 0 })}
        />
      )}
      {!onStage && sides.length > 0 && count > 1 && (
        <Select
          label="Region"
          value={focus.region}
          options={named(count, (i) => String(i + 1))}
          onChange={(region) => choose({ region })}
        />
      )}
    </div>
  );
}

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
