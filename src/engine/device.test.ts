import { afterEach, describe, expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { type Engine, openEngine } from "./device";
import { EngineError, OutOfMemory } from "./errors";
import { Graph } from "./graph";
import { Program } from "./program";

const LIMITS = { maxStorageBuffersPerShaderStage: 8, maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 };

function fakeGPU(adapter: unknown): GPU {
  return { requestAdapter: async () => adapter } as unknown as GPU;
}

async function noise(engine: Engine, count = 64) {
  const graph = new Graph(engine);
  const out = graph.temp([count]);
  graph.launch("random", "uniform_fill", { bind: { out }, params: { count, seed: 1, stream: 2, step: 3 }, threads: count });
  return Program.compile(graph, { out });
}

const refused = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => expect.fail("nothing was refused"),
    (e) => e,
  );
  expect(error).toBeInstanceOf(EngineError);
  return error.message as string;
};

const opened: Engine[] = [];

/** An engine of a test's own, to be lost. */
async function open(options?: Parameters<typeof openEngine>[1]): Promise<Engine> {
  const engine = await openEngine(await nodeGPU(), options);
  opened.push(engine);
  return engine;
}

afterEach(() => {
  vi.restoreAllMocks();
  for (const engine of opened.splice(0)) engine.destroy();
});

describe("opening says what is missing and what to do", () => {
  test("no WebGPU", async () => {
    expect(await refused(openEngine(undefined))).toMatch(/^This browser does not offer WebGPU\. Use a recent Chrome/);
  });

  test("no adapter", async () => {
    expect(await refused(openEngine(fakeGPU(null)))).toMatch(/^No GPU adapter was found\. Update the graphics driver/);
  });

  test("limits too small", async () => {
    const adapter = { limits: { ...LIMITS, maxStorageBuffersPerShaderStage: 4 }, features: new Set(), info: {} };
    expect(await refused(openEngine(fakeGPU(adapter)))).toBe(
      "The adapter allows fewer than 8 storage buffers per shader. Update the graphics driver.",
    );
  });

  test("a device that does not open; only offered features and the adapter's limits were requested", async () => {
    const requestDevice = vi.fn(async () => {
      throw new Error("too many devices");
    });
    const adapter = { limits: LIMITS, features: new Set(["shader-f16", "texture-compression-bc"]), info: {}, requestDevice };
    expect(await refused(openEngine(fakeGPU(adapter)))).toBe(
      "The GPU device could not be opened: too many devices. Close other GPU-heavy pages and reload.",
    );
    expect(requestDevice).toHaveBeenCalledWith({
      requiredFeatures: ["shader-f16"],
      requiredLimits: expect.objectContaining({ maxBufferSize: 2 ** 28 }),
    });
  });
});

describe("optional features", () => {
  test("without any, the engine works and says so", async () => {
    const engine = await open({ without: ["subgroups", "timestamp-query", "shader-f16"] });
    expect(engine.facts).toMatchObject({ subgroup: 1, half: false, timestamps: false });
    for (const feature of ["subgroups", "timestamp-query", "shader-f16"] as GPUFeatureName[])
      expect(engine.device.features.has(feature)).toBe(false);
    const plain = await (await noise(engine)).fetch();
    expect(plain).toEqual(await (await noise(await open())).fetch());
  });

  test("with the limits that every adapter has, the engine asks for no more and works", async () => {
    const engine = await open({ least: true });
    expect(engine.device.limits).toMatchObject({ maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupStorageSize: 16384 });
    expect(engine.largestBuffer).toBe(2 ** 27);
    expect(() => engine.takeBuffer(2 ** 28)).toThrow("One buffer needs 256 MiB, this GPU allows 128 MiB.");
    expect(await (await noise(engine)).fetch()).toEqual(await (await noise(await open())).fetch());
  });

  test("a kernel that needs an absent one is refused by name, and the device lives on", async () => {
    const engine = await open({ without: ["subgroups"] });
    expect(await refused(engine.pipeline(engine.shader("probe", "subgroup_layout")))).toMatch(
      /^shaders\/probe\.wgsl \(subgroup_layout\) does not compile\.\nshaders\/probe\.wgsl:2: .*subgroups.*\n {4}enable subgroups;/,
    );
    expect(engine.failure).toBeUndefined();
    await (await noise(engine)).fetch();
  });

  test("subgroups laid out irregularly count as none", async ({ skip }) => {
    const regular = (size: number) => Uint32Array.from({ length: 128 }, (_, i) => (i % 2 ? ((i - 1) / 2) % size : size));
    const measured = async (seen: Uint32Array) => {
      vi.spyOn(GPUBuffer.prototype, "getMappedRange").mockReturnValue(seen.buffer as ArrayBuffer);
      return (await open()).facts.subgroup;
    };
    if ((await open()).facts.subgroup === 1) skip("this adapter has no subgroups");
    expect(await measured(regular(8))).toBe(8);
    expect(await measured(regular(2))).toBe(1);
    expect(await measured(regular(128))).toBe(1);
    expect(await measured(regular(8).reverse())).toBe(1);
  });
});

describe("pipelines and buffers", () => {
  test("one request, one object", async () => {
    const engine = await open();
    const shader = engine.shader("random", "uniform_fill");
    expect(engine.shader("random", "uniform_fill")).toBe(shader);
    expect(engine.pipeline(shader)).toBe(engine.pipeline(shader));
    expect(engine.bindGroupLayout(shader)).toBe(engine.bindGroupLayout(shader));
    expect(() => engine.shader("nothing", "main")).toThrow("There is no shader nothing.");
  });

  test("a kernel that had no memory to be compiled is refused by name, and compiled when it is asked for again", async () => {
    const engine = await open();
    vi.spyOn(engine.device, "createComputePipelineAsync").mockRejectedValueOnce(new Error("VK_ERROR_OUT_OF_DEVICE_MEMORY"));
    const shader = engine.shader("random", "uniform_fill");
    expect(await refused(engine.pipeline(shader))).toMatch(/^shaders\/random\.wgsl \(uniform_fill\) does not compile\.\nVK_ERROR_OUT/);
    expect(engine.failure).toBeUndefined();
    await (await noise(engine)).fetch();
  });

  test("memory that a submit lacks is told as such by the next call", async () => {
    const engine = await open();
    const program = await noise(engine);
    const error = new (globalThis.GPUOutOfMemoryError ?? Error)("no memory");
    engine.device.dispatchEvent(Object.assign(new Event("uncapturederror"), { error }));
    expect(engine.failure).toBeInstanceOf(OutOfMemory);
    expect(() => program.run()).toThrow("The GPU has not enough free memory for this. Halve the batch");
  });

  test("a free buffer is taken again for what needs it or half of it, and trim destroys the rest", async () => {
    const engine = await open();
    engine.trim();
    const start = engine.allocatedBytes;
    const big = engine.takeBuffer(4096);
    const small = engine.takeBuffer(2048);
    const held = engine.usedBytes;
    for (const buffer of [big, small]) engine.giveBuffer(buffer);
    expect([engine.allocatedBytes - start, held - engine.usedBytes]).toEqual([4096 + 2048, 4096 + 2048]);
    expect(engine.takeBuffer(2000)).toBe(small);
    expect(engine.takeBuffer(2049)).toBe(big);
    engine.giveBuffer(big);
    const other = engine.takeBuffer(1024);
    expect(other).not.toBe(big);
    expect(engine.allocatedBytes - start).toBe(4096 + 2048 + 1024);
    expect(engine.trim()).toBe(1);
    engine.dropBuffer(other);
    expect(engine.allocatedBytes - start).toBe(2048);
  });

  test("guarded: what throws leaves no scope open", async () => {
    const engine = await open();
    const failing = engine.guarded(() => {
      throw new Error("mine");
    });
    await expect(failing).rejects.toThrow("mine");
    await expect(engine.device.popErrorScope()).rejects.toThrow(/error scope/i);
    expect(await engine.guarded(() => 7)).toBe(7);
  });

  test("a command refused outside of everything fails the next call", async () => {
    const engine = await open();
    const program = await noise(engine);
    engine.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await vi.waitFor(() => expect(engine.failure).toBeDefined());
    expect(() => program.run()).toThrow(/^The GPU refused a command: .* This is a bug in this program; please report it\.$/s);
  });
});

describe("a lost device", () => {
  const LOST = /^The GPU device was lost \(.+\)\. Reload the page, or resume from the last saved state/;

  test("ends every pending wait with the reason, and every later call", async () => {
    const engine = await open();
    const program = await noise(engine);
    await program.fetch();
    const pending = [program.run({ fetch: true }), program.run({ fetch: true }), program.fetch()];
    const others = Promise.allSettled([program.time(), program.profile()]);
    engine.device.destroy();
    for (const message of await Promise.all(pending.map((p) => refused(p as Promise<unknown>)))) expect(message).toMatch(LOST);
    expect((await others).map((o) => (o.status === "rejected" ? o.reason.message : "ended"))).toEqual([
      expect.stringMatching(LOST),
      engine.facts.timestamps ? expect.stringMatching(LOST) : "ended",
    ]);
    expect((await engine.lost).message).toMatch(LOST);
    expect(() => program.run()).toThrow(LOST);
    const calls = [program.fetch(), program.time(), program.profile(), noise(engine)];
    for (const message of await Promise.all(calls.map(refused))) expect(message).toMatch(LOST);
    program.dispose();
  });

  test("while a program compiles", async () => {
    const engine = await open();
    const compiling = noise(engine);
    engine.device.destroy();
    expect(await refused(compiling.then((p) => p.fetch()))).toMatch(LOST);
  });
});
