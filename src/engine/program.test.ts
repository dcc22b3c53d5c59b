import { afterEach, describe, expect, test, vi } from "vitest";
import { compare, testEngine, upload } from "../ops/check";
import type { Engine } from "./device";
import { OutOfMemory } from "./errors";
import { Graph, Live, Tensor } from "./graph";
import { planMemory } from "./memory";
import { Program } from "./program";
import { uniform } from "./random";

const N = 300;

/** out = a + b, element by element. */
function sum(a: Tensor, b: Tensor): Tensor {
  const out = a.graph.temp(a.shape);
  const params = { rows: a.rows, cols: a.cols, a_offset: a.offset, a_stride: a.stride, b_offset: b.offset, b_stride: b.stride, every: 1 };
  a.graph.launch("elementwise", "add_rows", { bind: { a, b, out }, params, threads: out.size });
  return out;
}

/** Fresh uniform numbers, different for each step. */
function noise(graph: Graph, count: number, step: number | Live): Tensor {
  const out = graph.temp([count]);
  graph.launch("random", "uniform_fill", { bind: { out }, params: { count, seed: 1, stream: 2, step }, threads: count });
  return out;
}

/** A chain x, x + y, x + 2 y, ... of temporaries, of which each is read by the next one alone. */
function chain(graph: Graph, length: number): Tensor[] {
  const y = noise(graph, N, 1);
  const links = [noise(graph, N, 0)];
  while (links.length < length) links.push(sum(links.at(-1) as Tensor, y));
  return links;
}

const named = (tensors: Tensor[]) => Object.fromEntries(tensors.map((t, i) => [`t${i}`, t]));
const values = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => uniform(1, 2, step, i));

/** Counts calls of everything on the device that makes an object, and of submits. */
function watch({ device }: Engine) {
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

describe("what a program runs", () => {
  test("launches nothing depends on are dropped, those that write lasting memory stay", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const wanted = noise(graph, N, 0);
    const dead = noise(graph, N, 1);
    sum(dead, dead);
    const lasting = upload(engine, new Float64Array(N), "f32");
    graph.launch("random", "uniform_fill", {
      bind: { out: graph.fixed(lasting, [N]) },
      params: { count: N, seed: 1, stream: 2, step: 5 },
      threads: N,
    });
    const both = await Program.compile(graph, { wanted, lasting: graph.fixed(lasting, [N]) });
    expect(both.launches).toBe(2);
    const { wanted: w, lasting: l } = await both.fetch();
    expect(w).toEqual(values(N, 0));
    expect(l).toEqual(values(N, 5));
    const again = await Program.compile(graph); // the compile before left no trace in the graph
    expect(again.launches).toBe(1);
    for (const program of [both, again]) program.dispose();
  });

  test("live numbers of every type take effect at the next run, which makes one submit and no object", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const step = new Live(7);
    const out = noise(graph, N, step);
    const program = await Program.compile(graph, { out });
    await program.fetch(); // makes the staging buffer
    const calls = watch(engine);
    const pipelines = engine.pipelineCount;
    for (const value of [7, 8, 0xffffffff]) {
      step.value = value;
      program.run();
      const { out } = (await program.run({ fetch: true })) ?? {};
      expect(out).toEqual(values(N, value));
    }
    expect(calls).toEqual(Array(6).fill("submit"));
    expect(engine.pipelineCount).toBe(pipelines);
    program.dispose();
  });

  test("only live numbers that changed are written", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const live = new Live(1);
    const program = await Program.compile(graph, named([noise(graph, 4, 0), noise(graph, 4, live), noise(graph, 4, live)]));
    const write = vi.spyOn(engine.device.queue, "writeBuffer");
    program.run();
    expect(write).not.toHaveBeenCalled();
    live.value = 2;
    program.run();
    expect(write.mock.calls.map((given) => given[4])).toEqual([256 + 4]); // from one slot's step to the next one's
    program.dispose();
  });

  test("several submits give the same bits as one", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const outputs = named(chain(graph, 9));
    for (const launch of graph.launches) launch.work = 1;
    const program = await Program.compile(graph, outputs);
    const one = await program.fetch();
    const calls = watch(engine);
    for (const together of [5, 4, 1, 0.1]) {
      program.mostWork = together;
      calls.length = 0;
      expect(await program.run({ fetch: true })).toEqual(one);
      expect(calls.length).toBe(Math.ceil(10 / Math.max(1, together)));
    }
    expect(await program.time()).toBeGreaterThan(0);
    program.dispose();
  });

  test("the first run is split by the work it is about to do, a later one also by the time it took", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const outputs = named(chain(graph, 4));
    for (const launch of graph.launches) launch.work = 8e9;
    const calls = watch(engine);
    const submitted = async (run: () => Promise<unknown>) => {
      calls.length = 0;
      await run();
      return calls.filter((call) => call === "submit").length;
    };
    const program = await Program.compile(graph, outputs);
    expect(await submitted(() => program.fetch())).toBe(5); // of 8 GFLOP each, and two would be more than 10
    program.mostWork = 1e12;
    const now = vi.spyOn(performance, "now");
    for (const at of [0, 2000]) now.mockReturnValueOnce(at);
    expect(await submitted(() => program.time())).toBe(1); // which took two seconds
    now.mockRestore();
    expect(await submitted(() => program.fetch())).toBe(3);
    program.dispose();
  });

  test("runs that are timed together go together, and no submit has more work than allowed, with timestamps round its launches or without", async ({
    skip,
  }) => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const outputs = named(chain(graph, 4));
    for (const launch of graph.launches) launch.work = 1e9;
    const program = await Program.compile(graph, outputs); // of 5 GFLOP
    program.mostWork = 10e9;
    const calls = watch(engine);
    const submitted = async (run: () => Promise<unknown>) => {
      calls.length = 0;
      await run();
      return calls.filter((call) => call === "submit").length;
    };
    const ofMost = async (most: number, run: () => Promise<unknown>) => {
      program.mostWork = most;
      return submitted(run);
    };
    expect(await ofMost(10e9, () => program.time(7))).toBe(4); // two by two
    expect(await ofMost(1e12, () => program.time(7))).toBe(1);
    expect(await ofMost(3e9, () => program.time(2))).toBe(4); // in halves
    if (!engine.facts.timestamps) skip("this adapter has no timestamps");
    expect(await ofMost(10e9, () => program.elapsed(7))).toBe(4);
    expect(await ofMost(3e9, () => program.elapsed(2))).toBe(4);
    expect(await ofMost(3e9, () => program.profile())).toBe(2);
    expect(await ofMost(1e12, () => program.profile())).toBe(1);
    program.dispose();
  });

  test("profile names and times every launch, or gives nothing without timestamps", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const program = await Program.compile(graph, named(chain(graph, 3)));
    const times = await program.profile();
    if (engine.facts.timestamps) {
      const labels = ["random uniform_fill", "random uniform_fill", "elementwise add_rows", "elementwise add_rows"];
      expect(times?.map((t) => t.label)).toEqual(labels);
      for (const { ms } of times ?? []) expect(ms).toBeGreaterThanOrEqual(0);
    }
    program.dispose();
    const plain = await testEngine({ without: ["subgroups", "timestamp-query", "shader-f16"] });
    const other = new Graph(plain);
    expect(await (await Program.compile(other, named(chain(other, 3)))).profile()).toBeUndefined();
  });

  test("profile of more launches than a query set holds", async ({ skip }) => {
    const graph = new Graph(await testEngine());
    if (!graph.engine.facts.timestamps) skip("this adapter has no timestamps");
    const last = chain(graph, 2100).at(-1) as Tensor;
    const program = await Program.compile(graph, { last });
    expect(await program.profile()).toHaveLength(2101);
    program.dispose();
  });

  test("elapsed runs once, whatever the number of submits, or gives nothing without timestamps", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const last = chain(graph, 4).at(-1) as Tensor;
    const program = await Program.compile(graph, { last });
    const expected = await program.fetch();
    for (const parts of [1, 2, 5]) {
      program.mostWork = program.work / parts;
      const ms = await program.elapsed();
      if (engine.facts.timestamps) expect(ms).toBeGreaterThanOrEqual(0);
      expect(await program.fetch()).toEqual(expected);
    }
    program.dispose();
    const plain = await testEngine({ without: ["subgroups", "timestamp-query", "shader-f16"] });
    const other = new Graph(plain);
    expect(await (await Program.compile(other, named(chain(other, 3)))).elapsed()).toBeUndefined();
  });

  test("more than 65,535 workgroups fold into y", async () => {
    const graph = new Graph(await testEngine());
    const count = 5_000_000;
    const out = noise(graph, count, 0);
    const twice = sum(out, out);
    expect(graph.launches.map((l) => l.groups)).toEqual([
      [65535, 2, 1],
      [65535, 2, 1],
    ]);
    const program = await Program.compile(graph, { twice });
    const found = (await program.fetch()).twice;
    // Every element for the sum's fold: none is left at zero. A sample for the values: the generator is slow here.
    expect(found.length).toBe(count);
    expect(found.filter((v) => v === 0).length).toBeLessThan(10);
    for (let i = 0; i < count; i += 997) if (found[i] !== 2 * uniform(1, 2, 0, i)) expect.fail(`element ${i} is ${found[i]}`);
    expect(found[count - 1]).toBe(2 * uniform(1, 2, 0, count - 1));
    program.dispose();
    graph.engine.trim();
  });
});

describe("results", () => {
  test("reading never blocks: a fifth pending fetch is refused, the others come in order", async () => {
    const graph = new Graph(await testEngine());
    const step = new Live(0);
    const out = noise(graph, N, step);
    const program = await Program.compile(graph, { out });
    const arrived: number[] = [];
    const pending = [0, 1, 2, 3].map((n) => {
      step.value = n;
      return program.run({ fetch: true })?.then((fetched) => {
        arrived.push(n);
        return fetched.out;
      });
    });
    expect(program.run({ fetch: true })).toBeUndefined();
    step.value = 9;
    await expect(program.fetch()).rejects.toThrow("the readback ring is full");
    expect(await Promise.all(pending)).toEqual([0, 1, 2, 3].map((n) => values(N, n)));
    expect(arrived).toEqual([0, 1, 2, 3]);
    expect((await program.fetch()).out).toEqual(values(N, 9));
    program.dispose();
  });

  test("views with gaps, an offset or another type come out as they look", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const numbers = Uint32Array.from({ length: 24 }, (_, i) => i);
    const all = graph.fixed(upload(engine, numbers, "u32"), [6, 4], "u32");
    const everyOther = new Tensor(graph, all.storage, [3, 4], "u32", false, 0, 8);
    const columns = new Tensor(graph, all.storage, [6, 2], "u32", false, 1, 4);
    const program = await Program.compile(graph, { all, everyOther, columns, rows: all.slice(2, 4) });
    expect(await program.fetch()).toEqual({
      all: numbers,
      everyOther: Uint32Array.of(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19),
      columns: Uint32Array.of(1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22),
      rows: Uint32Array.of(8, 9, 10, 11, 12, 13, 14, 15),
    });
    program.dispose();
  });

  test("a program without launches still fetches, and one without anything runs", async () => {
    const engine = await testEngine();
    const graph = new Graph(engine);
    const constant = graph.fixed(upload(engine, [1, 2, 3], "f32"), [3]);
    const program = await Program.compile(graph, { constant });
    expect((await program.fetch()).constant).toEqual(Float32Array.of(1, 2, 3));
    const empty = await Program.compile(graph);
    expect(empty.run()).toBeUndefined();
    expect(await empty.fetch()).toEqual({});
    expect(await empty.time()).toBeGreaterThanOrEqual(0);
    if (engine.facts.timestamps) expect(await empty.profile()).toEqual([]);
  });

  test("an output without elements beside real ones", async () => {
    const graph = new Graph(await testEngine());
    const nothing = graph.temp([2, 0], "u32");
    const program = await Program.compile(graph, { before: noise(graph, 3, 0), nothing, after: noise(graph, 2, 1) });
    const { before, nothing: none, after } = await program.fetch();
    expect(none).toEqual(new Uint32Array(0));
    expect([before, after]).toEqual([values(3, 0), values(2, 1)]);
    program.dispose();
  });

  test("results that are due when the program is disposed of are refused", async () => {
    const graph = new Graph(await testEngine());
    const program = await Program.compile(graph, { out: noise(graph, N, 0) });
    const pending = program.run({ fetch: true });
    program.dispose();
    await expect(pending).rejects.toThrow("this program was disposed of before its results arrived");
  });
});
