/** Widths of vision transformers that are trained here. */

/** Of a network that names what it sees, by the names people choose from. */
export const VIT_SIZES = {
  tiny: { width: 48, depth: 3, heads: 3 },
  small: { width: 64, depth: 4, heads: 4 },
  medium: { width: 96, depth: 5, heads: 4 },
  large: { width: 192, depth: 8, heads: 6 },
} as const;

/** What to say at the setting `width` if the heads do not divide it; nothing if they do. */
export function widthConflict({ width, heads }: { width: number; heads: number }): Record<string, string> {
  if (width % heads === 0) return {};
  const near = Math.max(heads, heads * Math.round(width / heads));
  return { width: `A width of ${width} cannot be shared by ${heads} heads. Use ${near}, or other heads.` };
}
