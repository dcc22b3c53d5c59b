/** The page's own colours for what is masked, in light and in dark. */
import { useEffect, useState } from "react";
import type { Veil } from "./patches";

export function useVeil(): Veil {
  const [veil, setVeil] = useState(readVeil);
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setVeil(readVeil());
    scheme.addEventListener("change", onChange);
    return () => scheme.removeEventListener("change", onChange);
  }, []);
  return veil;
}

function readVeil(): Veil {
  const style = getComputedStyle(document.documentElement);
  return [style.getPropertyValue("--veil"), style.getPropertyValue("--ink")];
}
