/** Each task's pictures, by the name of the task: what the page paints first. Those of the first task come with the page. */
import { type ComponentType, lazy, Suspense } from "react";
import { taskOf } from "../../tasks";
import { LOOKS } from "./classification/gallery";
import { Pictures } from "./classification/Pictures";

export interface TaskPictures {
  /** One step, from the image to the losses, over everything else. */
  Stage?: ComponentType;
  /** Over the charts; below them where there is a stage. */
  Pictures: ComponentType;
}

/** Pictures that are loaded when they are first shown. */
function later(load: () => Promise<{ default: ComponentType }>, className = "pictures"): ComponentType {
  const Loaded = lazy(load);
  return () => (
    <Suspense fallback={<section className={`panel ${className} loading`}>Loading the pictures …</section>}>
      <Loaded />
    </Suspense>
  );
}

const PICTURES: Readonly<Record<string, TaskPictures>> = {
  classification: {
    Stage: later(() => import("./classification/Stage"), "stage"),
    Pictures: () => <Pictures looks={LOOKS} of="classification" />,
  },
  detection: { Stage: later(() => import("./detection/Stage"), "stage"), Pictures: later(() => import("./detection/Pictures")) },
  segmentation: { Pictures: later(() => import("./segmentation/MaskPictures")) },
  dino: { Pictures: later(() => import("./dino/Pictures")) },
  audio: { Pictures: later(() => import("./audio/Pictures")) },
  yolos: { Pictures: later(() => import("./yolos/Pictures")) },
  mim: { Pictures: later(() => import("./mim/Pictures")) },
};

/** The pictures of the task that a preset belongs to. */
export const picturesOf = (preset: string): TaskPictures => PICTURES[taskOf(preset).name];
