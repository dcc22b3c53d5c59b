/** Whether a transformer's width is shared evenly by its heads; if not, what is said at the width. */
export function widthConflict({ width, heads }: { width: number; heads: number }): Record<string, string> {
  if (width % heads === 0) return {};
  const near = Math.max(heads, heads * Math.round(width / heads));
  return { width: `A width of ${width} cannot be shared by ${heads} heads. Use ${near}, or other heads.` };
}
