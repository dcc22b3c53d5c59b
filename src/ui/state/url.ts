/**
 * The address carries every setting that is not at its default, so that it can be shared. `kernels`, which forces kernel
 * variants (`?kernels=gemm=quad4x4,rows=lane`), is no setting: it says how to compute, not what.
 */
import type { Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";

const KERNELS = "kernels";

/** The settings in the address, and the kernel variants it forces. */
export function readUrl(): { settings: URLSearchParams; kernels?: string } {
  const settings = new URLSearchParams(location.search);
  const kernels = settings.get(KERNELS) ?? undefined;
  settings.delete(KERNELS);
  return { settings, kernels };
}

export function writeUrl(settings: Settings, given?: readonly string[]): void {
  const { kernels } = readUrl();
  const query = [SCHEMA.toQuery(settings, given), kernels && String(new URLSearchParams({ [KERNELS]: kernels }))].filter(Boolean).join("&");
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
}
