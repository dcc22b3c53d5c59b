/** The texts of `shaders/`. WGSL has no imports: what several files share stands in `shaders/parts`, and a line `// with NAME.wgsl` takes it in. */
const FILES = import.meta.glob<string>("/shaders/*.wgsl", { query: "?raw", import: "default", eager: true });
const PARTS = import.meta.glob<string>("/shaders/parts/*.wgsl", { query: "?raw", import: "default", eager: true });

/** All shader files by path, as the project ships them, each with the parts it takes in behind it: its own lines keep their numbers. */
export const shaderFiles: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(FILES).map(([path, text]) => [path, [text, ...partsOf(text)].join("\n")]),
);

function partsOf(text: string): string[] {
  return [...text.matchAll(/^\/\/ with (\w+)\.wgsl$/gm)].map(([, name]) => PARTS[`/shaders/parts/${name}.wgsl`]);
}
