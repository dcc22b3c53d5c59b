/** How the axes of every chart look. */
export const AXIS = { stroke: "var(--muted)", tick: { fontSize: 11, fill: "var(--muted)" }, tickLine: false } as const;
