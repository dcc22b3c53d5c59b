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
<main data-others="${OTHER_METHODS}"><div class="layout"><section class="panel stage pictures">
<div class="panel-head"><h2>${heading}</h2></div>
<ol class="parts"><li class="part"><div class="part-head"></div>${image(pictures[0])}</li></ol>
<div class="picker">${pictures.map(image).join("")}</div>
</section></div></main>
<script src="./first.js"></script>`;
}

/** A picture as an image in the page. */
function image({ name, side, planes }: FirstPicture): string {
  const area = side ** 2;
  const png = new PNG({ width: side, height: side });
  for (let i = 0; i < area; i++) png.data.set([planes[i], planes[area + i], planes[2 * area + i], 255], 4 * i);
  const data = PNG.sync.write(png, { colorType: 2 }).toString("base64");
  return `<img class="grid-canvas" alt="${name}" src="data:image/png;base64,${data}">`;
}
