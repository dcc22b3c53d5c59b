/** What the page shows before any script has run: its frame and the first task's pictures, for its HTML. */
import { PNG } from "pngjs";
import { TASKS } from "../tasks";
import { PAGES } from "./tasks";
import type { FirstPicture } from "./tasks/page";

const [FIRST, ...OTHERS] = Object.values(TASKS);

/** Methods of the other tasks, where these pictures would be wrong: `public/first.js` removes them there. */
const OTHER_METHODS = OTHERS.flatMap(({ methods }) => Object.keys(methods)).join(" ");

/** The same layout as that of `App.tsx`, which replaces it as soon as scripts have loaded. */
export function frame(): string {
  const { heading, pictures } = PAGES[FIRST.name].first?.() ?? { heading: "", pictures: [] };
  return `
<header><h1>Masked Distillation Playground</h1><p class="tagline">Opening the page …</p></header>
<section class="controls"><div class="buttons"><button type="button" class="go" disabled>Start</button></div></section>
<main data-others="${OTHER_METHODS}"><div class="layout"><section class="panel pictures">
<div class="panel-head"><h2>${heading}</h2></div>
<div class="strip"><div class="strip-head"></div><ul class="gallery">${pictures.map(item).join("")}</ul></div>
</section></div></main>
<script src="./first.js"></script>`;
}

/** A picture as an item of the gallery. */
function item({ name, side, planes }: FirstPicture): string {
  const area = side ** 2;
  const png = new PNG({ width: side, height: side });
  for (let i = 0; i < area; i++) png.data.set([planes[i], planes[area + i], planes[2 * area + i], 255], 4 * i);
  const data = PNG.sync.write(png, { colorType: 2 }).toString("base64");
  return `<li><figure><img class="grid-canvas" alt="${name}" src="data:image/png;base64,${data}"></figure></li>`;
}
