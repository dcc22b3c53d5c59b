/** The line to the training worker. */
import type { Command, Event } from "../../worker/protocol";

let worker: Worker | undefined;

/** Starts (again) with a new worker, whose events go to `handle`. */
export function openLink(handle: (event: Event) => void): void {
  worker?.terminate();
  worker = new Worker(new URL("../../worker/worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<Event>) => handle(data);
  worker.onerror = ({ message }) => {
    const failure = { message: message || "The training worker did not start.", remedy: "Reload the page.", fatal: true };
    handle({ type: "failed", ...failure });
    handle({ type: "phase", phase: "failed", note: failure.message });
  };
}

export function send(command: Command, transfer: Transferable[] = []): void {
  worker?.postMessage(command, transfer);
}
