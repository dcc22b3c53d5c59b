/** The shared COCO cases, as this project holds objects and detections. */
import type { Box } from "../geometry/boxes";
import { sharedJson } from "../models/shared.fixture";
import type { Answered } from "./coco";

type Bbox = [x: number, y: number, width: number, height: number];

interface Instances {
  images: { id: number }[];
  categories: { id: number; name: string; supercategory: string }[];
  annotations: { image_id: number; category_id: number; bbox: Bbox; area: number; iscrowd: number }[];
}

export interface CocoCase {
  images: Answered[];
  classes: string[];
  supercategories: string[];
  expected: { stats: Record<string, number>; per_class: Record<string, { AP: number; AP50: number; AP75: number }> };
}

/** A case of ../shared/data/cocoeval by its folder's name. */
export function cocoCase(name: string): CocoCase {
  const { images, categories, annotations } = sharedJson<Instances>(`cocoeval/${name}/gt.json`);
  const results = sharedJson<{ image_id: number; category_id: number; bbox: Bbox; score: number }[]>(`cocoeval/${name}/dt.json`);
  const category = (id: number) => categories.findIndex((one) => one.id === id);
  // cocoeval.py goes through images by id; equal scores keep that order.
  const ids = images.map(({ id }) => id).sort((a, b) => a - b);
  const answered = ids.map((id) => ({
    truths: annotations
      .filter(({ image_id }) => image_id === id)
      .map(({ category_id, bbox, area, iscrowd }) => ({ category: category(category_id), box: boxOf(bbox), area, crowd: iscrowd === 1 })),
    detections: results
      .filter(({ image_id }) => image_id === id)
      .map(({ category_id, bbox, score }) => ({ category: category(category_id), box: boxOf(bbox), score })),
  }));
  return {
    images: answered,
    classes: categories.map(({ name }) => name),
    supercategories: categories.map(({ supercategory }) => supercategory),
    expected: sharedJson(`cocoeval/${name}/expected.json`),
  };
}

function boxOf([x, y, width, height]: Bbox): Box {
  return [x, y, x + width, y + height];
}
