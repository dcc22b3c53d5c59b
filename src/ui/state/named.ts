/** Images that an address or a button names. */

import type { GeneratedOptions, Sample, TaskDefinition } from "../../tasks/definition";
import { generatedBy, sampleBy } from "../../tasks/generated";
import { DATA_SEED, type GivenFile } from "../../worker/readerProtocol";
import type { Readable } from "./reader";

/** Generated images, or what is read; `sample` is the word for it where it comes with the page. */
export type Source = { kind: "generated"; options: Omit<GeneratedOptions, "side"> } | (Readable & { sample?: string });

/** Images of one of the task's generated sets, of the usual one by default, as many as the page usually makes. */
export const generatedSource = ({ generated }: TaskDefinition, set?: string): Source => ({
  kind: "generated",
  options: { ...generated.page, seed: DATA_SEED, ...(set !== undefined && { set }) },
});

/** What a word names that is generated: "shapes:1200,2000". Undefined where it names nothing of this kind. */
export function namedSource(word: string, task: TaskDefinition): Source | undefined {
  const named = generatedBy(word, task, task.generated.page);
  return named && { kind: "generated", options: { ...named, seed: DATA_SEED } };
}

/** Whether a word names images that have to be fetched first. */
export const isSample = (word: string, task: TaskDefinition): boolean => sampleBy(word, task) !== undefined;

export function unknownImages(word: string, { generated: { sets }, samples = {} }: TaskDefinition): string {
  const names = Object.keys({ ...sets, ...samples }).join(", ");
  return `There are no images called "${word}" here. There are ${names}; drop your own on the page.`;
}

/** The files of a sample; undefined where one cannot be had. `progress` is told the share, and says whether to go on. */
export async function fetchSample(
  { folder, files }: Sample,
  fetch: (file: string) => Promise<Blob | undefined>,
  progress: (share: number) => boolean,
): Promise<GivenFile[] | undefined> {
  const fetched: GivenFile[] = [];
  for (const [i, name] of files.entries()) {
    if (!progress(i / files.length)) return undefined;
    const content = await fetch(`${folder}/${name}`);
    if (!content) return undefined;
    fetched.push({ path: `${folder}/${name}`, file: new File([content], name) });
  }
  return fetched;
}
