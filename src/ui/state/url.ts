/**
 * The address carries every setting that is not at its default, so that it can be shared. Two words are no settings: `data` names
 * generated images that are not the usual ones (`?data=shapes:1200,2000`), and `kernels` forces kernel variants
 * (`?kernels=gemm=quad4x4,rows=lane`): it says how to compute, not what.
 */
import { SCHEMA } from "../../tasks";
import type { Address } from "./context";

const WORDS = ["data", "kernels"] as const;

export const address: Address = {
  read() {
    const settings = new URLSearchParams(location.search);
    const words = Object.fromEntries(WORDS.map((word) => [word, settings.get(word) ?? undefined]));
    for (const word of WORDS) settings.delete(word);
    return { settings, ...words };
  },
  write(settings, given) {
    const { data, kernels } = address.read();
    show(SCHEMA.toQuery(settings, given), { data, kernels });
  },
  writeData(data) {
    const { settings, kernels } = address.read();
    show(String(settings), { data, kernels });
  },
};

function show(settings: string, words: Record<(typeof WORDS)[number], string | undefined>): void {
  const named = Object.entries(words).flatMap(([word, value]) => (value ? [String(new URLSearchParams({ [word]: value }))] : []));
  const query = [settings, ...named].filter(Boolean).join("&");
  history.replaceState(null, "", `${query ? `?${query}` : location.pathname}${location.hash}`);
}
