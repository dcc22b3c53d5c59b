/** Below the control of the share of patches that stay: usual shares, and what a share means in whole patches. */
import { percent } from "../../format";
import { keptOf } from "./pairs";

const USUAL = [1, 0.75, 0.5, 0.4, 0.25];

export function KeepExtras({ value, patches, onChange }: { value: number; patches: number; onChange(value: number): void }) {
  const kept = keptOf(value, patches);
  return (
    <>
      <div className="presets">
        {USUAL.map((share) => (
          <button key={share} type="button" aria-pressed={share === value} onClick={() => onChange(share)}>
            {100 * share} %
          </button>
        ))}
      </div>
      <p className="true-keep">
        <b>{kept}</b> of {patches} patches = {percent(kept / patches)}
      </p>
    </>
  );
}
