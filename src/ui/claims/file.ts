/** The file of claims that comes with the page. */
import { type ClaimsFile, CODE } from "../../tasks/claims";

/** Fetches the claims. Rejects with an error in words for people: missing, not such a file, or measured with other code. */
export async function fetchClaims(base: string): Promise<ClaimsFile> {
  const response = await fetch(new URL("claims.json", base)).catch(() => undefined);
  if (!response?.ok) throw new Error("The file of claims cannot be loaded. Are you offline? Open this view again later.");
  return checked(await response.json().catch(() => undefined));
}

/** Throws when a value is not a file of claims of this code. */
export function checked(value: unknown): ClaimsFile {
  const file = value as Partial<ClaimsFile> | undefined;
  if (!file || !Array.isArray(file.claims) || !Array.isArray(file.instrument))
    throw new Error("The file of claims cannot be read: it is not what npm run claims writes.");
  if (file.code !== CODE)
    throw new Error(
      `These claims were measured with code ${file.code}, this page has ${CODE}: results would not be comparable. Run npm run claims again.`,
    );
  return file as ClaimsFile;
}
