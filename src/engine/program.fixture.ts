/** Small graphs, and what a device is asked to make. */
import { expect, vi } from "vitest";
import type { Engine } from "./device";
import type { Graph, Live, Tensor } from "./graph";
import { uniform } from "./random";

export const N = 300;

/** out = a + b, element by element. */
export function sum(a: Tensor, b: Tensor): Tensor {
  const out = a.graph.temp(a.shape);
  const params = { rows: a.rows, cols: a.cols, a_offset: a.offset, a_stride: a.stride, b_offset: b.offset, b_stride: b.stride, every: 1 };
  a.graph.launch("elementwise", "add_rows", { bind: { a, b, out }, params, threads: out.size });
  return out;
}

/** Fresh uniform numbers, different for each step. */
export function noise(graph: Graph, count: number, step: number | Live): Tensor {
  const out = graph.temp([count]);
  graph.launch("random", "uniform_fill", { bind: { out }, params: { count, seed: 1, stream: 2, step }, threads: count });
  return out;
}

/** A chain x, x + y, x + 2 y, ... of temporaries, of which each is read by the next one alone. */
export function chain(graph: Graph, length: number): Tensor[] {
  const y = noise(graph, N, 1);
  const links = [noise(graph, N, 0)];
  while (links.length < length) links.push(sum(links.at(-1) as Tensor, y));
  return links;
}

export const named = (tensors: Tensor[]) => Object.fromEntries(tensors.map((t, i) => [`t${i}`, t]));
export const values = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => uniform(1, 2, step, i));

/** Counts calls of everything on the device that makes an object, and of submits. */
export function watch({ device }: Engine) {
  const calls: string[] = [];
  const makers: string[] = [];
  for (const name in device) if (/^create/.test(name)) makers.push(name);
  for (const name of makers) {
    const method = name as "createBuffer";
    const original = device[method].bind(device);
    vi.spyOn(device, method).mockImplementation((...given) => {
      if (name !== "createCommandEncoder") calls.push(name);
      return original(...given);
    });
  }
  const submit = device.queue.submit.bind(device.queue);
  vi.spyOn(device.queue, "submit").mockImplementation((...given) => {
    calls.push("submit");
    return submit(...given);
  });
  expect(makers).toContain("createBindGroup");
  return calls;
}
