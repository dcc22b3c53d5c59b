/** What annotation files say, whatever their format, before any picture is opened. */
import { EngineError } from "../engine/errors";
import type { Box } from "../geometry/boxes";
import { DataError } from "./dataset";

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
  /** Whether the files say that it is held out; undefined where they do not say. */
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

/** A class name that a file spells: composed as Unicode has it, and without half letters, which escapes can spell and no file can hold. */
export const classNamed = (text: string): string => text.normalize("NFC").toWellFormed();

/** What is noted of a file that its reader refuses. */
export const UNREADABLE = "Files that could not be read, left out";

/** How many cases of a kind are named. */
const FEW = 3;

/** What a person should know of how their files were read: a sentence for each kind of case, with the names of the first few. */
export class Findings {
  private readonly sentences: string[] = [];
  private readonly cases = new Map<string, string[]>();

  /** Adds a sentence as it is. */
  tell(sentence: string): void {
    this.sentences.push(sentence);
  }

  /** Notes one case, such as `add("Boxes without area, left out", "a.xml object 3")`. */
  add(what: string, where: string): void {
    if (!this.cases.has(what)) this.cases.set(what, []);
    this.cases.get(what)!.push(where);
  }

  /** Goes on without what cannot be read, and notes why; all that is no `EngineError` is thrown on. */
  async without<T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.add(what, withoutStop(error.what));
    }
  }

  /** The sentences that were added, and one for each kind of case. */
  notes(): string[] {
    const cases = [...this.cases].map(([what, where]) => {
      const more = where.length > FEW ? " and others" : "";
      return `${what}: ${where.length.toLocaleString("en")} (${where.slice(0, FEW).join(", ")}${more}).`;
    });
    return [...this.sentences, ...cases];
  }

  /** Does the work. If it is refused, the message also has what was found before: the true reason may be there. */
  async explain<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const Kind = error.constructor as typeof DataError;
      throw new Kind([error.what, ...this.notes()].join(" "), error.remedy);
    }
  }
}

/** A sentence to stand within another. */
export const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");
