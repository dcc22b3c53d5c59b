/** The page's own colours for what is masked, in light and in dark. */
import { useEffect, useState } from "react";
import type { MaskColors } from "./patches";

export function useMaskColors(): MaskColors {
  const [colors, setColors] = useState(readColors);
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setColors(readColors());
    scheme.addEventListener("change", onChange);
    return () => scheme.removeEventListener("change", onChange);
  }, []);
  return colors;
}

function readColors(): MaskColors {
  const style = getComputedStyle(document.documentElement);
  return [style.getPropertyValue("--masked"), style.getPropertyValue("--ink")];
}
