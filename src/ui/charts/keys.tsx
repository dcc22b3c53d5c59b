/** What the lines and dots of a chart are. */
import type { ReactNode } from "react";
import type { CurveLook } from "./curves";

export function LineKey({ label, colour, dash }: CurveLook) {
  return (
    <span className="key">
      <svg width="22" height="8" aria-hidden="true">
        <line x1="0" y1="4" x2="22" y2="4" stroke={colour} strokeDasharray={dash} />
      </svg>
      {label}
    </span>
  );
}

export function DotKey({ children }: { children: ReactNode }) {
  return (
    <span className="key">
      <svg width="9" height="8" aria-hidden="true">
        <circle cx="4.5" cy="4" r="3.5" fill="var(--held-out)" />
      </svg>
      {children}
    </span>
  );
}
