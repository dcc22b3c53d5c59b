/** Zip files, unpacked in memory. */
import { type UnzipFileInfo, unzipSync } from "fflate";
import { DataError } from "./dataset";
import { isHidden, type SourceFile } from "./files";
import { MAX_BYTES } from "./gzip";

export const isZipName = (path: string): boolean => /\.zip$/i.test(path);

/**
 * The files in a zip, below a folder of the zip's own name: "cats.zip" with pictures and no folders is a class "cats".
 * Sizes are checked against the limit before anything is unpacked, and nothing unpacks to more than it announces.
 */
export function readZip(bytes: Uint8Array, name: string): SourceFile[] {
  const folder = name.replace(/\.zip$/i, "");
  const infos: UnzipFileInfo[] = [];
  unpack(bytes, name, (info) => {
    if (!info.name.endsWith("/") && !isHidden(info.name)) infos.push(info);
    return false;
  });
  const total = infos.reduce((sum, info) => sum + info.originalSize, 0);
  if (total > MAX_BYTES)
    throw new DataError(`${name} unpacks to ${(total / 1e9).toFixed(1)} GB; 1 GB is the limit.`, "Zip a part of the images.");
  const wanted = new Set(infos.map((info) => info.name));
  const contents = unpack(bytes, name, (info) => wanted.has(info.name));
  return Object.entries(contents).map(([path, content]) => ({
    path: `${folder}/${path.replaceAll("\\", "/")}`,
    size: content.length,
    bytes: () => Promise.resolve(content),
  }));
}

function unpack(bytes: Uint8Array, name: string, filter: (info: UnzipFileInfo) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter });
  } catch {
    throw new DataError(
      `${name} is a damaged zip file, or one with a password.`,
      "Zip the folder again, without a password; or choose the folder itself.",
    );
  }
}
