/** Data as PNG files with COCO annotations, for programs in PyTorch. */
import type { DetectionSet } from "../data/detection";
import { pngBytes } from "../data/png.fixture";
import { folderOf } from "./torch.fixture";

/** A fresh folder. */
export function coco({ side, classes, ...dataset }: DetectionSet): string {
  const files = (["train", "test"] as const).flatMap((half) => {
    const { count, image, truths } = dataset[half];
    const all = Array.from({ length: count }, (_, i) => i);
    const annotations = all.flatMap((i) =>
      truths(i).map(({ box: [x1, y1, x2, y2], category, crowd }) => {
        return { image_id: i, category_id: category + 1, bbox: [x1, y1, x2 - x1, y2 - y1], iscrowd: Number(crowd ?? false) };
      }),
    );
    const content = {
      images: all.map((id) => ({ id, file_name: `${id}.png` })),
      annotations,
      categories: classes.map((name, i) => ({ id: i + 1, name })),
    };
    const pictures = all.map((i): [string, Uint8Array] => {
      const samples = Uint8Array.from(image(i));
      return [`${half}/${i}.png`, pngBytes({ width: side, height: side, depth: 8, colour: 2, samples })];
    });
    return [[`${half}/_annotations.coco.json`, JSON.stringify(content)] as [string, string], ...pictures];
  });
  return folderOf(files);
}
