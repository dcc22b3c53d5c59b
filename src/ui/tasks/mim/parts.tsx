/** Components of masked image modelling: there is nothing besides its pictures. */

import type { TaskParts } from "../parts";
import { madeOnce, namedPictures } from "../pickable";
import { galleryOf } from "./gallery";

export const MIM_PARTS: TaskParts = { pictures: madeOnce(galleryOf, namedPictures), Details: () => null, ImportHelp: () => null };
