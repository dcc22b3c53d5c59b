/** Where a part of the page cannot be drawn or loaded: says so in its place, and the rest of the page lives. */
import { Component, type ReactNode } from "react";

interface BoundaryProps {
  /** What is missing, for people: "The charts". */
  of: string;
  children: ReactNode;
}

export class Boundary extends Component<BoundaryProps, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <section className="panel card failure" role="alert">
        <p>
          {this.props.of} cannot be shown: {error.message}. <b>Training goes on.</b> If the page was updated meanwhile, save the run and
          reload.
        </p>
        <div className="buttons">
          <button type="button" onClick={() => this.setState({ error: undefined })}>
            Try again
          </button>
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      </section>
    );
  }
}
