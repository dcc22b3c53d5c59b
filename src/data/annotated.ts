/** What annotation files say, whatever their format, before any picture is opened. */
import type { Box } from "../geometry/boxes";

export interface Annotated {
  /** What the format calls itself. */
  format: string;
  /** Class names, in the order of the format's own numbers. */
  classes: string[];
  /** The supercategory of each class, where the format has them. */
  supercategories?: string[];
  pictures: AnnotatedPicture[];
}

export interface AnnotatedPicture {
  /** What the picture's file may be called, the likeliest first: with folders or not, with an ending or not. */
  names: string[];
  /** The file that says so. */
  file: string;
  /** Given as held out; undefined where the files do not say. */
  test?: boolean;
  /** As stated; not stated by every format, and not always right. */
  width?: number;
  height?: number;
  objects: AnnotatedObject[];
}

export interface AnnotatedObject {
  /** Class name. */
  category: string;
  /** In pixels of the picture, or, where `relative`, in shares of its width and height. Not checked yet. */
  box: Box;
  relative?: boolean;
  /** Where it is written, for messages: "annotation 17", "object 3", "line 4". */
  row: string;
  crowd?: boolean;
  difficult?: boolean;
  /** In pixels of the picture. */
  area?: number;
}

/** How many cases of a kind are told by name. */
const FEW = 3;

/** What a person should know of how their files were read: like cases are told together, the first few by name. */
export class Findings {
  private readonly cases = new Map<string, string[]>();

  /** Notes one case, such as `add("Boxes without area, left out", "a.xml object 3")`. */
  add(what: string, where: string): void {
    if (!this.cases.has(what)) this.cases.set(what, []);
    this.cases.get(what)!.push(where);
  }

  /** One sentence for each kind of case. */
  notes(): string[] {
    return [...this.cases].map(([what, where]) => {
      const more = where.length > FEW ? " and others" : "";
      return `${what}: ${where.length.toLocaleString("en")} (${where.slice(0, FEW).join(", ")}${more}).`;
    });
  }
}
