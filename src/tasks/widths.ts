/** What to say at the setting `width` if the heads do not divide it; nothing if they do. */
export function widthConflict({ width, heads }: { width: number; heads: number }): Record<string, string> {
  if (width % heads === 0) return {};
  const near = Math.max(heads, heads * Math.round(width / heads));
  return { width: `A width of ${width} cannot be shared by ${heads} heads. Use ${near}, or other heads.` };
}
