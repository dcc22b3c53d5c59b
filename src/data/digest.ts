/** Sixteen hexadecimal digits that identify contents: the start of a SHA-256 over the SHA-256 of each part. */
export async function digest(parts: ArrayBufferView[]): Promise<string> {
  const hashes = await Promise.all(parts.map(sha256));
  const all = new Uint8Array(await new Blob(hashes).arrayBuffer());
  return [...new Uint8Array(await sha256(all))].slice(0, 8).map(hex).join("");
}

/** Letters that identify a content. */
export async function contentKey(bytes: Uint8Array): Promise<string> {
  return new BigUint64Array(await sha256(bytes))[0].toString(36);
}

export function sha256({ buffer, byteOffset, byteLength }: ArrayBufferView): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");
