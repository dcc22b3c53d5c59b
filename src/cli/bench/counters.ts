/**
 * Counts an engine's use of WebGPU (launches, submits, live buffer bytes) by wrapping the prototypes of the API
 * itself, so that every engine is measured the same way and none has to cooperate.
 *
 * Engines take turns, so whatever happens is done by the active one; a device belongs to the engine that was active
 * when it was first seen. Bytes are freed only by `GPUBuffer.destroy()`: a buffer that is
 * dropped without being destroyed stays counted, because nobody can know when its memory comes back.
 */
export interface Counts {
  launches: number;
  submits: number;
  /** Most bytes alive at one moment since the start. */
  peakBytes: number;
}

interface Ledger extends Counts {
  liveBytes: number;
}

const ledgers = new Map<string, Ledger>();
const owners = new WeakMap<GPUDevice, string>();
const buffers = new WeakMap<GPUBuffer, GPUDevice>();
let active = "";

export function activate(name: string): void {
  active = name;
}

/** Forgets launches and submits, so that the next `counts` covers one step. The peak goes on. */
export function reset(name: string): void {
  Object.assign(ledger(name), { launches: 0, submits: 0 });
}

export function counts(name: string): Counts {
  const { launches, submits, peakBytes } = ledger(name);
  return { launches, submits, peakBytes };
}

function ledger(name: string): Ledger {
  const found = ledgers.get(name) ?? { launches: 0, submits: 0, peakBytes: 0, liveBytes: 0 };
  ledgers.set(name, found);
  return found;
}

let installed = false;

/** Wraps the prototypes; call it once WebGPU's classes exist and before any engine starts. */
export function install(): void {
  if (installed) return;
  installed = true;
  around(GPUDevice.prototype, "createBuffer", created);
  around(GPUBuffer.prototype, "destroy", destroyed);
  around(GPUQueue.prototype, "submit", () => ledger(active).submits++);
  around(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => ledger(active).launches++);
  around(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", () => ledger(active).launches++);
}

function around<T extends object, K extends keyof T>(prototype: T, method: K, seen: (self: T, result: unknown) => void): void {
  const original = prototype[method] as (...args: unknown[]) => unknown;
  const wrapped = function (this: T, ...args: unknown[]) {
    const result = original.apply(this, args);
    seen(this, result);
    return result;
  };
  prototype[method] = wrapped as T[K];
}

function created(device: GPUDevice, result: unknown): void {
  const buffer = result as GPUBuffer;
  if (!owners.has(device)) owners.set(device, active);
  buffers.set(buffer, device);
  const book = ledger(owners.get(device)!);
  book.liveBytes += buffer.size;
  book.peakBytes = Math.max(book.peakBytes, book.liveBytes);
}

function destroyed(buffer: GPUBuffer): void {
  const device = buffers.get(buffer);
  if (!device) return;
  buffers.delete(buffer);
  ledger(owners.get(device)!).liveBytes -= buffer.size;
}
