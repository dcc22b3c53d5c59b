/** What networks can be imported, what to say about their files, and another network that can choose the patches. */
import { useState } from "react";
import type { ImportHints } from "../../../tasks/task";
import { ImportButton } from "../../shell/ImportButton";
import { teachers, useSources } from "../../state/app";

/** Normalisations that ViTs are usually trained with. */
const SCALES: Record<string, ImportHints["moments"]> = {
  "as the file says": undefined,
  "ImageNet (timm, DeiT)": { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  "-1 to 1 (Google ViT)": { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};

export function ImportHelp() {
  const guide = useSources(({ loaded }) => loaded?.guide);
  return (
    <>
      <p className="hint">
        A teacher is a ViT or DeiT with a class token as safetensors, under the names of timm, Hugging Face, vit-pytorch or CLIP, that knows
        these classes, perhaps among others; its images may be larger than these. A config.json beside it, chosen with it or in the same
        folder or archive, is read. What none of them says:
      </p>
      <Hints />
      <p className="hint">
        A guide is another such network, for any classes and size or self-supervised, whose attention can choose the patches (Chosen by:
        guide). {guide ? `Loaded: ${guide.name}, ${guide.kind}.` : "None is loaded."}
      </p>
      <ImportButton as="guide" />
      <p className="hint">
        A network of any architecture teaches by its saved answers: take these images with a script, have it ask your network in PyTorch,
        and import the file that it writes. The student then sees images as they are, without augmentation.
      </p>
      <button type="button" onClick={() => teachers.export("questions")}>
        Images for a teacher elsewhere
      </button>
    </>
  );
}

function Hints() {
  const [heads, setHeads] = useState("");
  const [scale, setScale] = useState("as the file says");
  const [aliases, setAliases] = useState("");
  const told = useSources(({ hints }) => hints);
  const tell = (scaled: string) =>
    teachers.tell({ heads: Number(heads) > 0 ? Number(heads) : undefined, moments: SCALES[scaled], aliases: aliasesIn(aliases) });
  return (
    <div className="training">
      <label>
        Attention heads{" "}
        <input
          inputMode="numeric"
          placeholder="as usual"
          value={heads}
          onChange={({ target }) => setHeads(target.value)}
          onBlur={() => Number(heads) !== (told.heads ?? 0) && tell(scale)}
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
      <label>
        Classes it calls otherwise{" "}
        <input
          placeholder="cat: tabby, dog: #162"
          value={aliases}
          onChange={({ target }) => setAliases(target.value)}
          onBlur={() => JSON.stringify(aliasesIn(aliases)) !== JSON.stringify(told.aliases) && tell(scale)}
        />
      </label>
    </div>
  );
}

/** What "cat: tabby, dog: #162" says; undefined for nothing. */
function aliasesIn(text: string): Record<string, string> | undefined {
  const pairs = text.split(",").map((pair) => pair.split(":").map((name) => name.trim()));
  const whole = pairs.filter((pair) => pair.length === 2 && !pair.includes(""));
  return whole.length > 0 ? Object.fromEntries(whole) : undefined;
}
