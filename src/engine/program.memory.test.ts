/** Where a program keeps its tensors, and what of it a device is asked for. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { compare, testEngine, upload } from "../ops/check";
import { OutOfMemory } from "./errors";
import { Graph, Live, type Tensor } from "./graph";
import { planMemory } from "./memory";
import { Program } from "./program";
import { chain, N, named, noise, sum, values, watch } from "./program.fixture";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("memory", () => {
  test("temporaries share buffers, and that changes no bit", async () => {
    const graph = new Graph(await testEngine());
    const links = chain(graph, 12);
    const shared = await Program.compile(graph, { last: links[11] });
    const apart = await Program.compile(graph, { ...named(links), last: links[11] });
    expect(shared.launches).toBe(13);
    expect(apart.launches).toBe(13);
    const each = 1280; // 300 floats, rounded up to 256 bytes
    expect(shared.temporaryBytes).toBe(3 * each); // the one read, the one written, and y
    expect(apart.temporaryBytes).toBe(13 * each);
    const [one, all] = [await shared.fetch(), await apart.fetch()];
    expect(one.last).toEqual(all.last);
    compare(
      "chain",
      one.last,
      Float64Array.from(values(N, 0), (x, i) => x + 11 * values(N, 1)[i]),
      1e-6,
    );
    expect(await shared.fetch()).toEqual(one);
    shared.dispose();
    apart.dispose();
  });

  test("dispose gives buffers back, the next compile of the trace takes the same", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const links = chain(graph, 5);
    const first = await Program.compile(graph, named(links));
    const bytes = engine.allocatedBytes;
    first.dispose();
    first.dispose();
    expect(() => first.run()).toThrow("this program was disposed of");
    await expect(first.profile()).rejects.toThrow("this program was disposed of");
    const calls = watch(engine);
    const second = await Program.compile(graph, named(links));
    expect(engine.allocatedBytes).toBe(bytes);
    expect(calls.filter((c) => c === "createBuffer")).toHaveLength(1); // the parameters
    compare("again", (await second.fetch()).t0, values(N, 0), 0);
    second.dispose();
  });

  test("programs of one trace do not share memory", async () => {
    const graph = new Graph(await testEngine());
    const step = new Live(3);
    const out = noise(graph, N, step);
    const [a, b] = [await Program.compile(graph, { out }), await Program.compile(graph, { out })];
    a.run();
    step.value = 4;
    const later = b.run({ fetch: true });
    step.value = 3;
    const sooner = a.run({ fetch: true });
    compare("b", (await later)?.out ?? [], values(N, 4), 0);
    compare("a", (await sooner)?.out ?? [], values(N, 3), 0);
    a.dispose();
    b.dispose();
  });

  test("a failed compile returns what it took, closes its scopes and harms nothing", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const [x] = chain(graph, 1);
    graph.launch("elementwise", "add_rows", {
      bind: { a: x, b: x, out: graph.fixed(upload(engine, [1], "f32"), [1]) },
      params: { rows: 1 },
    });
    const push = vi.spyOn(engine.device, "pushErrorScope");
    const pop = vi.spyOn(engine.device, "popErrorScope");
    await expect(Program.compile(graph)).rejects.toThrow("elementwise add_rows: parameter cols has no value");
    graph.launches.pop();
    const unwritten = graph.temp([4]);
    await expect(Program.compile(graph, { unwritten })).rejects.toThrow("no launch writes the output unwritten");
    const y = sum(x, unwritten.reshape([4]));
    await expect(Program.compile(graph, { y })).rejects.toThrow("elementwise add_rows reads a temporary that no launch before it wrote");
    expect(push).toHaveBeenCalledTimes(pop.mock.calls.length);
    engine.trim();
    const before = engine.allocatedBytes;
    await expect(Program.compile(graph, { y })).rejects.toThrow("reads a temporary");
    expect(engine.allocatedBytes).toBe(before); // what cannot be laid out takes nothing
    const z = sum(x, x);
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(Program.compile(graph, { z, unwritten })).rejects.toThrow("no launch writes");
    expect(engine.allocatedBytes - before).toBe(2 * 1280); // x and z, taken once, then each time again
    expect(engine.failure).toBeUndefined();
  });

  test("what the GPU refuses fails the compile, not the device", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const x = noise(graph, N, 0);
    const misplaced = graph.fixed(upload(engine, [1], "f32"), [N], "f32", 4); // bindings start at multiples of 256
    graph.launch("elementwise", "add_rows", {
      bind: { a: x, b: x, out: misplaced },
      params: { rows: 1, cols: 1, a_offset: 0, a_stride: 1, b_offset: 0, b_stride: 1, every: 1 },
    });
    await expect(Program.compile(graph)).rejects.toThrow("The GPU refused a command: ");
    expect(engine.failure).toBeUndefined();
  });

  test("a plan says what compiling takes, gradients apart, and takes nothing itself", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const parameter = graph.fixed(upload(engine, values(64, 0), "f32"), [64], "f32", 0, true);
    const grads = graph.gradients(() => {});
    const out = grads.piece(parameter, 9);
    graph.launch("random", "uniform_fill", { bind: { out }, params: { count: 9 * 64, seed: 1, stream: 2, step: 0 }, threads: 9 * 64 });
    const outputs = { y: chain(graph, 3).at(-1) as Tensor, whole: grads.whole() };
    engine.trim();
    const before = engine.allocatedBytes;
    const plan = planMemory(graph, outputs);
    expect(engine.allocatedBytes).toBe(before);
    expect(plan).toEqual({ bytes: 9 * 256 + 3 * 1280, largest: 9 * 256, gradients: 9 * 256 });
    const program = await Program.compile(graph, outputs);
    expect(program.temporaryBytes).toBe(plan.bytes);
    program.dispose();
  });

  test("one buffer above the limit is refused with a remedy", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const floats = engine.device.limits.maxStorageBufferBindingSize / 4 + 64;
    const bytes = engine.allocatedBytes;
    const compiled = Program.compile(graph, { huge: noise(graph, floats, 0) });
    await expect(compiled).rejects.toThrow(/^One buffer needs \d+ MiB, this GPU allows \d+ MiB\. Use a smaller batch, image or model\.$/);
    expect(engine.allocatedBytes).toBe(bytes);
    expect(engine.failure).toBeUndefined();
  });

  test("out of memory: unused buffers are destroyed and it is tried again, then it fails with a remedy", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const [out] = chain(graph, 1);
    let refusals = 1;
    const pop = engine.device.popErrorScope.bind(engine.device);
    let scopes = 0;
    vi.spyOn(engine.device, "popErrorScope").mockImplementation(async () => {
      const inner = scopes++ % 2 === 0; // that of memory is the inner one of each pair
      const answer = await pop();
      return inner && refusals-- > 0 ? ({ message: "no memory" } as GPUError) : answer;
    });
    await engine.pipeline(graph.launches[1].shader);
    engine.giveBuffer(engine.takeBuffer(2 ** 20));
    const program = await Program.compile(graph, { out });
    expect(engine.allocatedBytes).toBeLessThan(2 ** 20);
    program.dispose();
    engine.trim();
    const before = engine.allocatedBytes;
    refusals = 9;
    const failed = Program.compile(graph, { out });
    await expect(failed).rejects.toBeInstanceOf(OutOfMemory);
    await expect(failed).rejects.toThrow("Halve the batch");
    expect(engine.allocatedBytes).toBe(before); // nothing that may be broken stays for others
    expect(engine.failure).toBeUndefined();
  });
});
