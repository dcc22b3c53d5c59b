/** The connection to the training worker. */
import type { Command, Event } from "../../worker/protocol";

/** What the page uses of a worker. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
}

export class Connection {
  private worker?: WorkerLike;

  constructor(
    private readonly start: () => WorkerLike,
    private readonly receive: (event: Event) => void,
  ) {}

  /** Starts a new worker, or turns to one that is given; the one before ends, and what it has still said is not heard. */
  open(worker = this.start()): void {
    if (this.worker) {
      this.worker.onmessage = null;
      this.worker.onerror = null;
      this.worker.terminate();
    }
    worker.onmessage = ({ data }: MessageEvent<Event>) => this.receive(data);
    worker.onerror = ({ message }) => this.fail(message || "The training worker did not start.");
    this.worker = worker;
  }

  send(command: Command, transfer: Transferable[] = []): void {
    this.worker?.postMessage(command, transfer);
  }

  private fail(message: string): void {
    this.receive({ type: "failed", message, remedy: "Reload the page.", fatal: true, spoiled: true });
    this.receive({ type: "phase", phase: "failed", note: message });
  }
}
