/** Decoding pictures in Node, for the command line and for tests: on a canvas of Skia, as Chrome's. */
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { type Drawable, decoders } from "../data/decode";

async function openInNode(bytes: Uint8Array): Promise<Drawable> {
  const image = await loadImage(bytes);
  return {
    width: image.width,
    height: image.height,
    pixels({ left, top, width, height }, w, h) {
      const context = createCanvas(w, h).getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(image, left, top, width, height, 0, 0, w, h);
      return context.getImageData(0, 0, w, h).data;
    },
  };
}

export const { decode: decodeInNode, decodeWhole: decodeWholeInNode } = decoders(openInNode);
