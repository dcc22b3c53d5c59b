/** The address carries every setting that is not at its default, so that it can be shared. */
import { toQuery } from "../train/experiment";
import { getState } from "./store";

export function writeUrl(): void {
  const query = toQuery(getState().wanted);
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
}
