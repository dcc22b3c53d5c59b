/** What networks can be imported, what to say about their files, and another network that can choose the patches. */
import { useState } from "react";
import type { ImportHints } from "../../../tasks/task";
import { ImportButton } from "../../shell/ImportButton";
import { teachers, useSources } from "../../state/app";

/** Normalisations that ViTs are usually trained with. */
const SCALES: Record<string, ImportHints["moments"]> = {
  "as this data": undefined,
  "ImageNet (timm, DeiT)": { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  "-1 to 1 (Google ViT)": { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

export function ImportHelp() {
  const guide = useSources(({ loaded }) => loaded?.guide);
  return (
    <>
      <p className="hint">
        A teacher is a ViT or DeiT with a class token as safetensors, under the names of timm, Hugging Face or vit-pytorch, that knows these
        classes, perhaps among others; its images may be larger than these. What its file does not say:
      </p>
      <Hints />
      <p className="hint">
        A guide is another such network, for any classes and size or self-supervised, whose attention can choose the patches (Chosen by:
        guide). {guide ? `Loaded: ${guide.name}, ${guide.kind}.` : "None is loaded."}
      </p>
      <ImportButton as="guide" />
    </>
  );
}

function Hints() {
  const [heads, setHeads] = useState("");
  const [scale, setScale] = useState("as this data");
  const told = useSources(({ hints }) => hints.heads);
  const tell = (scaled: string) => teachers.tell({ ...(Number(heads) > 0 && { heads: Number(heads) }), moments: SCALES[scaled] });
  return (
    <div className="training">
      <label>
        Attention heads{" "}
        <input
          inputMode="numeric"
          placeholder="as usual"
          value={heads}
          onChange={({ target }) => setHeads(target.value)}
          onBlur={() => Number(heads) !== (told ?? 0) && tell(scale)}
        />
      </label>
      <label>
        Pixels scaled{" "}
        <select
          value={scale}
          onChange={({ target }) => {
            setScale(target.value);
            tell(target.value);
          }}
        >
          {Object.keys(SCALES).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </div>
  );
}
