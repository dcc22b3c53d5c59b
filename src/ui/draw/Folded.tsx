/** What is not seen at once but on demand, where it has a title; without one it is simply there. */
import type { ReactNode } from "react";

export function Folded({ title, children }: { title?: string; children: ReactNode }) {
  if (title === undefined) return children;
  return (
    <details>
      <summary>{title}</summary>
      {children}
    </details>
  );
}
