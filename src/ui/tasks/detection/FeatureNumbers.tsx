/** Numbers for each region, and for the channels of the region that is chosen. */
import type { MethodInfo, ViewSpec } from "../../../methods/method";
import { keyOf } from "../../../settings/setting";
import { short } from "../../format";
import { useStore } from "../../state/app";
import { ChannelBars } from "./ChannelBars";
import { type FeatureMap, type Focus, isAt, rowsOf } from "./featureMaps";
import { RegionTable } from "./RegionTable";

interface FeatureNumbersProps {
  method: MethodInfo;
  maps: readonly FeatureMap[];
  focus: Focus;
}

export function FeatureNumbers({ method, maps, focus }: FeatureNumbersProps) {
  const rows = (view: string | undefined) => {
    const map = maps.find((map) => map.view === view && isAt(map, focus));
    return map && rowsOf(map, focus.image);
  };
  const shown = Object.entries(method.views).flatMap(([view, spec]) => {
    const values = rows(view);
    return values ? [{ view, spec, values }] : [];
  });
  return (
    <div className="details">
      {shown.map(({ view, spec, values }) => {
        if (spec.kind === "regions")
          return <RegionTable key={view} view={view} spec={spec} values={values.map(([value]) => value)} focus={focus} />;
        if (spec.kind !== "channels") return null;
        return <Channels key={view} {...{ method, spec }} values={values[focus.region]} mask={rows(spec.mask)?.[focus.region]} />;
      })}
    </div>
  );
}

interface ChannelsProps {
  method: MethodInfo;
  spec: ViewSpec;
  values: Float32Array;
  /** 1 where a channel stays, 0 where it is erased. */
  mask?: Float32Array;
}

function Channels({ method, spec: { label, note, threshold }, values, mask }: ChannelsProps) {
  const limit = useStore(({ active, wanted }) => threshold && Number((active ?? wanted)[keyOf(method.name, threshold)]));
  const named = threshold && limit ? `${method.knobs[threshold].label}: ${short(limit)}.` : undefined;
  return (
    <ChannelBars
      title={label}
      values={values}
      erased={mask && Array.from(mask, (visible) => 1 - visible)}
      threshold={mask && limit ? limit : undefined}
      note={[note, named].filter(Boolean).join(" ")}
    />
  );
}
