/** By what two detectors' runs are compared: features of every level; other maps of the finest, and of the finest regions where there are some. */
import { FEATURES } from "../../../methods/detection/views";
import type { ViewSpec } from "../../../methods/method";
import type { SharedMap } from "../../state/looks";
import { timesMap } from "../compared";
import { type FeatureMap, isAt, levelName, levelsOf, regionsOf } from "./featureMaps";

export function comparedMaps(maps: readonly FeatureMap[], views: Readonly<Record<string, ViewSpec>>): SharedMap[] {
  const [level = 0] = levelsOf(maps);
  const regions = regionsOf(maps, level).at(-1) ?? 1;
  return maps.flatMap((map): SharedMap[] => {
    if (map.shape.length !== 3) return [];
    if (map.view === "student" || map.view === "teacher") return [featuresMap(map, map.view)];
    const { label, kind } = views[map.view] ?? {};
    if (!isAt(map, { image: 0, level, regions, region: 0 }) || !label) return [];
    const name = map.at.wavelet === undefined ? label : `${label} ${map.at.wavelet}`;
    if (kind === "heat") return [timesMap(name, map.data, gridOf(map))];
    return kind === "mask" ? [{ name, grid: gridOf(map), kind: "kept", values: Float32Array.from(map.data) }] : [];
  });
}

function featuresMap(map: FeatureMap, of: "student" | "teacher"): SharedMap {
  const { level = 0 } = map.at;
  return { ...timesMap(`${FEATURES[of].label}, ${levelName(level)}`, map.data, gridOf(map)), features: { of, level } };
}

const gridOf = ({ shape: [, height, width] }: FeatureMap) => [height, width] as const;
