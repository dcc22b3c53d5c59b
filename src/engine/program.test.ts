import { afterEach, describe, expect, test, vi } from "vitest";
import { testEngine, upload } from "../ops/check";
import { Graph, Live, Tensor } from "./graph";
import { Program } from "./program";
import { chain, N, named, noise, sum, values, watch } from "./program.fixture";
import { uniform } from "./random";

afterEach(() => {
  vi.restoreAllMocks();
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
