/** The file of claims that comes with the page, and the ways to one of them and back to the training. */
import { EngineError } from "../../engine/errors";
import type { ClaimsFile } from "../../tasks/claims";
import { claimsIn } from "../../tasks/claimsFile";

/** The claim that an address names, behind the view's name. What nobody wrote so is taken as it stands. */
export function askedIn(hash: string): string | undefined {
  const [, asked] = hash.split("/");
  try {
    return asked && decodeURIComponent(asked);
  } catch {
    return asked;
  }
}

/** Leaves the claims, however far down, for the top of the training's view. */
export function toTraining(): void {
  location.hash = "train";
  scrollTo(0, 0);
}

/** Fetches the claims. Rejects with an EngineError: missing, not such a file, or measured with other code. */
export async function fetchClaims(base: string): Promise<ClaimsFile> {
  const response = await fetch(new URL("claims.json", base)).catch(() => undefined);
  if (!response?.ok) throw new EngineError("The file of claims cannot be loaded. Are you offline?", "Open this view again later.");
  return claimsIn(await response.json().catch(() => undefined));
}
