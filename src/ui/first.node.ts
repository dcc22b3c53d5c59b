/** What the page shows before any script has run: its frame and first pictures, for its HTML. */
import { PNG } from "pngjs";
import { firstGallery } from "./first";

/** A link to a detector waits for pictures of its own: those here are a classifier's. */
const HIDE_FROM_DETECTORS = 'if (/[?&]preset=(?!maskedkd)/.test(location.search)) document.querySelector("main").remove()';

/** As `App.tsx` lays it out; the app takes its place as soon as it can. */
export function frame(): string {
  const { labels, classes, side, images } = firstGallery();
  const each = 3 * side ** 2;
  const items = labels.map((label, i) => picture(images.subarray(i * each, (i + 1) * each), side, classes[label]));
  return `
<header><h1>Masked Distillation Playground</h1><p class="tagline">Opening the page …</p></header>
<section class="controls"><div class="buttons"><button type="button" class="go" disabled>Start</button></div></section>
<main><div class="layout"><section class="panel pictures">
<div class="panel-head"><h2>What the teacher sees</h2></div>
<div class="strip"><div class="strip-head"></div><ul class="gallery">${items.join("")}</ul></div>
</section></div></main>
<script>${HIDE_FROM_DETECTORS}</script>`;
}

/** Planes u8 [3, side, side] as an item of the gallery. */
function picture(planes: Uint8Array, side: number, name: string): string {
  const area = side ** 2;
  const png = new PNG({ width: side, height: side });
  for (let i = 0; i < area; i++) png.data.set([planes[i], planes[area + i], planes[2 * area + i], 255], 4 * i);
  const data = PNG.sync.write(png, { colorType: 2 }).toString("base64");
  return `<li><figure><img class="grid-canvas" alt="${name}" src="data:image/png;base64,${data}"></figure></li>`;
}
