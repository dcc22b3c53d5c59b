/** What the data card and the teacher card have in common. */
import { type ReactNode, useEffect, useRef } from "react";
import type { Refusal } from "../state/sources";

interface BarProps {
  label: string;
  value?: number;
  /** Gives it up, by a button. */
  onCancel?(): void;
  /** Other buttons. */
  children?: ReactNode;
}

/** Progress 0..1 of something that takes a while, and buttons for it. */
export function Bar({ label, value, onCancel, children }: BarProps) {
  return (
    <div className="under-way">
      <span className="figures">
        {label}
        {value !== undefined && ` · ${Math.floor(100 * value)} %`}
      </span>
      <progress max={1} value={value} aria-label={label} />
      <div className="buttons">
        {onCancel && (
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        )}
        {children}
      </div>
    </div>
  );
}

/** Why a request failed. It is scrolled into view, because files may have been dropped anywhere on the page. */
export function Problem({ refusal, children }: { refusal?: Refusal; children?: ReactNode }) {
  const here = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (refusal) here.current?.scrollIntoView({ block: "nearest" });
  }, [refusal]);
  return (
    refusal && (
      <p className="problem" role="alert" ref={here}>
        {refusal.message} <b>{refusal.remedy}</b> {children}
      </p>
    )
  );
}

export function Due({ children }: { children: ReactNode }) {
  return <p className="heed">{children}</p>;
}
