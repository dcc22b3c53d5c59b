/** A student that begins with a teacher's neck and head. */
import type { Weights } from "../weights";

export interface Inherited {
  weights: Weights;
  /** Layers with a matrix or kernel that were taken over, of so many in neck and head. */
  taken: number;
  of: number;
}

const PASSED_ON = /^(neck|bbox_head)\./;

/**
 * The student's weights with those layers of neck and head that the teacher has too, and in the same shapes, as the teacher has them: a layer
 * as a whole or not at all.
 *
 * Yang et al., "Masked generative distillation", 2022, and FGD begin so ("inheriting", after Kang et al. 2021).
 */
export function inherit(student: Weights, teacher: Weights): Inherited {
  const layers = new Map<string, string[]>();
  for (const name of [...student.keys()].filter((name) => PASSED_ON.test(name))) {
    const layer = name.slice(0, name.lastIndexOf("."));
    layers.set(layer, [...(layers.get(layer) ?? []), name]);
  }
  const fits = (name: string) => String(teacher.get(name)?.shape) === String(student.get(name)?.shape);
  const agreeing = [...layers.values()].filter((names) => names.every(fits));
  const weighty = (names: string[]) => names.some((name) => (student.get(name)?.shape.length ?? 0) > 1);
  const taken = agreeing.filter(weighty).length;
  const copies = taken > 0 ? agreeing.flat().map((name) => [name, teacher.get(name)!] as const) : [];
  return { weights: new Map([...student, ...copies]), taken, of: [...layers.values()].filter(weighty).length };
}
