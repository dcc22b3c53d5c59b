/**
 * Opens a GPU device and keeps what belongs to it: what the adapter offers, compiled pipelines, free buffers.
 *
 * The engine needs nothing beyond core WebGPU: `subgroups`, `shader-f16` and `timestamp-query` are used when offered.
 */
import { EngineError, OutOfMemory } from "./errors";
import { shaderFiles } from "./shaderFiles";
import { type Constants, type Shader, specialise } from "./wgsl";

const WANTED: GPUFeatureName[] = ["subgroups" as GPUFeatureName, "shader-f16", "timestamp-query"];

/** How long the news of a lost device may take on a busy machine, once a request has failed because of it. */
const NEWS_MS = 10_000;

/** What the adapter says about itself, and what was checked about it. */
export interface AdapterFacts {
  name: string;
  /** A CPU that plays a GPU: barriers and loads are dear, see shaders/gemm.wgsl. */
  software: boolean;
  /** Lanes that run together and may share registers; 1 when subgroups are absent or laid out unexpectedly. */
  subgroup: number;
  half: boolean;
  timestamps: boolean;
}

export interface EngineOptions {
  /** Optional features to leave unused, to test the paths of adapters that lack them. */
  without?: string[];
  /** Ask for no more than the limits that every adapter has. */
  least?: boolean;
}

/** Bytes of the buffer that is taken for so many. */
export const bufferBytes = (bytes: number): number => Math.max(256, Math.ceil(bytes / 256) * 256);

export class Engine {
  readonly lost: Promise<EngineError>;
  /** Set once the device is gone; every later call fails with it. */
  failure?: EngineError;
  private readonly shaders = new Map<string, Shader>();
  private readonly pipelines = new Map<string, Promise<GPUComputePipeline>>();
  private readonly layouts = new Map<string, GPUBindGroupLayout>();
  private readonly free: GPUBuffer[] = [];
  /** Called whenever a pipeline has been compiled. */
  onCompiled?: () => void;
  /** Pipelines compiled so far, of `pipelineCount` requested. */
  compiledCount = 0;
  /** Bytes of all buffers made through this engine and not destroyed: in use and free. */
  allocatedBytes = 0;

  constructor(
    readonly device: GPUDevice,
    public facts: AdapterFacts,
  ) {
    this.lost = device.lost.then((info) => {
      this.failure = new EngineError(
        `The GPU device was lost (${info.message || info.reason}).`,
        "Reload the page, or resume from the last saved state; a smaller batch uses less memory.",
      );
      return this.failure;
    });
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      const memory = error.constructor.name === "GPUOutOfMemoryError";
      this.failure ??= memory
        ? new OutOfMemory()
        : new EngineError(`The GPU refused a command: ${error.message}`, "This is a bug in this program; please report it.");
    });
  }

  /** Throws when the device is lost or refused an earlier command. */
  assertAlive(): void {
    if (this.failure) throw this.failure;
  }

  /** What has befallen the device, if anything: waits for the news of it. */
  async news(): Promise<EngineError | undefined> {
    if (!this.failure) await Promise.race([this.lost, new Promise((resolve) => setTimeout(resolve, NEWS_MS))]);
    return this.failure;
  }

  /** What befell the device when it did not answer a request: news of a loss may arrive after the refusal it causes. */
  async cause(refusal: unknown): Promise<EngineError> {
    return (await this.news()) ?? new EngineError(`The GPU did not answer: ${(refusal as Error).message}`, "Reload the page.");
  }

  /**
   * What `make` returns, once the GPU has accepted everything it asked for. Throws what `make` throws, and an
   * `EngineError` when the GPU refused something: a request that fails here fails its caller, not the device.
   */
  async guarded<T>(make: () => T): Promise<T> {
    const { device } = this;
    device.pushErrorScope("validation");
    device.pushErrorScope("out-of-memory");
    let made: T;
    let answers: Promise<(GPUError | null)[]> | undefined;
    try {
      made = make();
    } finally {
      answers = Promise.all([device.popErrorScope(), device.popErrorScope()]);
      answers.catch(() => {}); // not read when `make` threw
    }
    const [memory, invalid] = await answers;
    if (memory) throw new OutOfMemory();
    if (invalid) throw new EngineError(`The GPU refused a command: ${invalid.message}`, "This is a bug in this program; please report it.");
    return made;
  }

  /** The specialised entry point of a file in `shaders/`, the arrays named in `halves` in f16; the same request gives the same object. */
  shader(file: string, entry: string, constants: Constants = {}, halves: readonly string[] = []): Shader {
    const key = `${file} ${entry} ${JSON.stringify(constants)} ${halves}`;
    let shader = this.shaders.get(key);
    if (!shader) {
      const text = shaderFiles[`/shaders/${file}.wgsl`];
      if (text === undefined) throw new EngineError(`There is no shader ${file}.`, "Check the file name in the launch.");
      shader = specialise(`shaders/${file}.wgsl`, text, entry, constants, halves);
      this.shaders.set(key, shader);
    }
    return shader;
  }

  /** Compiles a shader once. Rejects with file, line and source when the compiler objects; asked again, it tries again: memory may be free then. */
  pipeline(shader: Shader): Promise<GPUComputePipeline> {
    const key = shader.code + shader.entry;
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      pipeline = this.compile(shader);
      this.pipelines.set(key, pipeline);
      pipeline.catch(() => this.pipelines.delete(key));
    }
    return pipeline;
  }

  get pipelineCount(): number {
    return this.pipelines.size;
  }

  bindGroupLayout(shader: Shader): GPUBindGroupLayout {
    const key = shader.bindings.map((b) => `${b.binding}${b.kind}`).join();
    let layout = this.layouts.get(key);
    if (!layout) {
      const type = { uniform: "uniform", read: "read-only-storage", write: "storage" } as const;
      const entries = shader.bindings.map((b) => ({
        binding: b.binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: type[b.kind] },
      }));
      layout = this.device.createBindGroupLayout({ entries });
      this.layouts.set(key, layout);
    }
    return layout;
  }

  private async compile(shader: Shader): Promise<GPUComputePipeline> {
    this.assertAlive();
    this.device.pushErrorScope("validation"); // a refused shader fails its launch, not the device
    const module = this.device.createShaderModule({ code: shader.code, label: `${shader.file} ${shader.entry}` });
    const layout = this.device.createPipelineLayout({ bindGroupLayouts: [this.bindGroupLayout(shader)] });
    this.device.popErrorScope().catch(() => {}); // the pipeline reports what is wrong
    try {
      return await this.device.createComputePipelineAsync({ layout, compute: { module, entryPoint: shader.entry } });
    } catch (error) {
      this.assertAlive();
      throw new EngineError(await explain(module, shader, error as Error), "The adapter's shader compiler refused it.");
    } finally {
      this.compiledCount++;
      this.onCompiled?.();
    }
  }

  /** A storage buffer of at least `bytes`, from the free ones when one fits within a factor of two. */
  takeBuffer(bytes: number): GPUBuffer {
    const size = bufferBytes(bytes);
    this.assertFits(size);
    let best = -1;
    for (const [i, b] of this.free.entries())
      if (b.size >= size && b.size <= 2 * size && (best < 0 || b.size < this.free[best].size)) best = i;
    if (best >= 0) return this.free.splice(best, 1)[0];
    this.allocatedBytes += size;
    return this.device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC });
  }

  /** Bytes of buffers that somebody holds: what is allocated without those that wait for another use. */
  get usedBytes(): number {
    return this.free.reduce((bytes, { size }) => bytes - size, this.allocatedBytes);
  }

  /** Returns a buffer for reuse; its contents are then undefined. */
  giveBuffer(buffer: GPUBuffer): void {
    this.free.push(buffer);
  }

  /** Destroys a buffer that was taken. */
  dropBuffer(buffer: GPUBuffer): void {
    this.allocatedBytes -= buffer.size;
    buffer.destroy();
  }

  /** Destroys the buffers that are not in use; returns how many there were. */
  trim(): number {
    const unused = this.free.splice(0);
    for (const buffer of unused) this.dropBuffer(buffer);
    return unused.length;
  }

  /** Bytes that one buffer may have. */
  get largestBuffer(): number {
    return Math.min(this.device.limits.maxStorageBufferBindingSize, this.device.limits.maxBufferSize);
  }

  /** Throws when a buffer is larger than the GPU allows; `remedy` says what to do about it. */
  assertFits(bytes: number, remedy = "Use a smaller batch, image or model."): void {
    if (bytes <= this.largestBuffer) return;
    const mb = (n: number) => `${(n / 2 ** 20).toFixed(0)} MiB`;
    throw new EngineError(`One buffer needs ${mb(bytes)}, this GPU allows ${mb(this.largestBuffer)}.`, remedy);
  }

  destroy(): void {
    this.device.destroy();
  }
}

/** Requests an adapter and a device. Rejects with an `EngineError` that says what is missing and what to do. */
export async function openEngine(gpu: GPU | undefined, options: EngineOptions = {}): Promise<Engine> {
  if (!gpu)
    throw new EngineError("This browser does not offer WebGPU.", "Use a recent Chrome, Edge, Safari or Firefox, or switch WebGPU on.");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new EngineError("No GPU adapter was found.", "Update the graphics driver, or allow WebGPU on this adapter.");
  const has = (name: string) => adapter.features.has(name as GPUFeatureName) && !options.without?.includes(name);
  const device = await requestDevice(adapter, WANTED.filter(has), options.least);
  const { vendor, architecture, description } = adapter.info;
  const facts: AdapterFacts = {
    name: [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed adapter",
    software: adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software/i.test(`${architecture} ${description}`),
    subgroup: 1,
    half: has("shader-f16"),
    timestamps: has("timestamp-query"),
  };
  const engine = new Engine(device, facts);
  if (has("subgroups")) facts.subgroup = await measureSubgroup(engine).catch(() => 1);
  return engine;
}

async function requestDevice(adapter: GPUAdapter, requiredFeatures: GPUFeatureName[], least = false): Promise<GPUDevice> {
  const { limits } = adapter;
  if (limits.maxStorageBuffersPerShaderStage < 8)
    throw new EngineError("The adapter allows fewer than 8 storage buffers per shader.", "Update the graphics driver.");
  const names = [
    "maxStorageBuffersPerShaderStage",
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
    "maxComputeWorkgroupSizeX",
  ] as const;
  const requiredLimits = Object.fromEntries(least ? [] : names.map((name) => [name, limits[name]]));
  try {
    return await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (error) {
    const why = (error as Error).message.replace(/\.?$/, ".");
    throw new EngineError(`The GPU device could not be opened: ${why}`, "Close other GPU-heavy pages and reload.");
  }
}

/**
 * The subgroup size as a kernel of 64 lanes sees it, or 1 unless lane i sits at place i modulo that size. The order is
 * not promised by WGSL, and the lane-sharing kernels rely on it.
 */
async function measureSubgroup(engine: Engine): Promise<number> {
  const { device } = engine;
  const shader = engine.shader("probe", "subgroup_layout");
  const pipeline = await engine.pipeline(shader);
  const out = engine.takeBuffer(64 * 8);
  const staging = device.createBuffer({ size: 64 * 8, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const layout = engine.bindGroupLayout(shader);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: out } }] }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(out, 0, staging, 0, 64 * 8);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const seen = new Uint32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  engine.giveBuffer(out);
  const size = seen[0];
  const regular = seen.every((value, i) => value === (i % 2 === 0 ? size : ((i - 1) / 2) % size));
  return regular && size >= 4 && 64 % size === 0 ? size : 1;
}

async function explain(module: GPUShaderModule, shader: Shader, error: Error): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const text = shaderFiles[`/${shader.file}`]?.split("\n");
  const code = shader.code.split("\n"); // as good, of a shader that is no file of the project
  const rows = messages
    .filter((m) => m.type === "error")
    .map((m) => {
      const line = shader.lines[m.lineNum - 1] ?? m.lineNum;
      return `${shader.file}:${line}: ${m.message}\n    ${(text?.[line - 1] ?? code[m.lineNum - 1] ?? "").trim()}`;
    });
  return [`${shader.file} (${shader.entry}) does not compile.`, ...(rows.length ? rows : [error.message])].join("\n");
}
