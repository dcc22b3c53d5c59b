/** By what two detectors' runs are compared: maps of the finest level, and of the finest regions where there are some. */
import { FEATURES } from "../../../methods/detection/views";
import type { ViewSpec } from "../../../methods/method";
import type { SharedMap } from "../../state/looks";
import { timesMap } from "../compared";
import { type FeatureMap, isAt, levelsOf, regionsOf } from "./featureMaps";

export function comparedMaps(maps: readonly FeatureMap[], views: Readonly<Record<string, ViewSpec>>): SharedMap[] {
  const [level = 0] = levelsOf(maps);
  const regions = regionsOf(maps, level).at(-1) ?? 1;
  const specs: Readonly<Record<string, ViewSpec>> = { ...views, ...FEATURES };
  return maps.flatMap((map): SharedMap[] => {
    const { label, kind } = specs[map.view] ?? {};
    const wanted = map.shape.length === 3 && map.view !== "teacher" && isAt(map, { image: 0, level, regions, region: 0 });
    if (!wanted || !label || (kind !== "heat" && kind !== "mask")) return [];
    const [, height, width] = map.shape;
    const name = map.at.wavelet === undefined ? label : `${label} ${map.at.wavelet}`;
    if (kind === "heat") return [timesMap(name, map.data, [height, width])];
    return [{ name, grid: [height, width], kind: "kept", values: Float32Array.from(map.data) }];
  });
}
