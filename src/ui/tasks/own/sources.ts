/** A visitor's own picture on a square, as pictures of data sets are: of a file, or one frame of the camera. */
import { decodeWholeInBrowser, type Fitted, fittedInBrowser } from "../../../data/decode";
import { openPicture } from "../../../data/pictures";
import { EngineError } from "../../../engine/errors";

/** The picture of a file. Rejects with a `DataError` where it is none, damaged or too large. */
export async function pictureOf(file: File, side: number): Promise<Fitted> {
  const source = { path: file.name, size: file.size, bytes: async () => new Uint8Array(await file.arrayBuffer()) };
  return (await openPicture(source, (bytes) => decodeWholeInBrowser(bytes, side))).picture;
}

/** What the camera sees now. Rejects where there is none, or the visitor does not allow it. */
export async function photograph(side: number): Promise<Fitted> {
  // Pages that are not secure have no devices.
  if (!navigator.mediaDevices) throw new DOMException("no devices", "NotFoundError");
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const video = document.createElement("video");
  try {
    video.muted = true;
    video.srcObject = stream;
    await video.play();
    return await fittedInBrowser(video, side);
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

const CAMERA: Record<string, string> = {
  NotAllowedError: "The camera is not allowed. Allow it in the browser's settings of this page.",
  NotFoundError: "There is no camera here. Choose a file instead.",
};

/** What is wrong and what to do, in words. */
export function problemIn(error: unknown): string {
  if (error instanceof EngineError) return `${error.what} ${error.remedy}`;
  const name = error instanceof Error ? error.name : "";
  return CAMERA[name] ?? "The camera shows no picture. Another program may use it: close that, or choose a file.";
}
