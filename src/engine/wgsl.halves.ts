/** Arrays that a launch keeps in f16, in kernels that are written for f32. */
import { EngineError } from "./errors";
import { closing, type Declaration, indexOf, parse, type Token, tokenise } from "./wgsl.tokens";

/**
 * How an array of f16 is declared, and what converts an element of it from and to f32. Vectors are packed in words: that needs no feature, and
 * software adapters, which load word by word, compile it many times faster than elements of f16.
 */
const HALF_TYPES: Readonly<Record<string, { stored: string; from: string; to: string }>> = {
  f32: { stored: "f16", from: "f32", to: "f16" },
  vec2f: { stored: "u32", from: "unpack2x16float", to: "pack2x16float" },
  vec4f: { stored: "vec2u", from: "unpack4x16float", to: "pack4x16float" },
};

/** The conversions that WGSL lacks. */
const PACKING = `
fn unpack4x16float(v: vec2u) -> vec4f { return vec4f(unpack2x16float(v.x), unpack2x16float(v.y)); }
fn pack4x16float(v: vec4f) -> vec2u { return vec2u(pack2x16float(v.xy), pack2x16float(v.zw)); }`;

/** Keeps in f16 those of the arrays named that the kernel reaches. */
export function keepHalves(file: string, declarations: Declaration[], used: Set<Declaration>, halves: ReadonlySet<string>): void {
  const types = new Map<string, string>();
  for (const d of [...used].filter(({ kind, name }) => kind === "var" && halves.has(name))) {
    const at = indexOf(d.tokens, ["array", "<"]) + 2;
    const type = d.tokens[at].text;
    if (at < 2 || !HALF_TYPES[type]) throw new EngineError(`${file}:${d.tokens[0].line}: ${d.name} cannot hold f16.`, ARRAYS);
    d.tokens = d.tokens.with(at, { ...d.tokens[at], text: HALF_TYPES[type].stored });
    types.set(d.name, type);
  }
  if (types.size === 0) return;
  for (const d of used) if (d.kind === "fn") d.tokens = converted(file, d.tokens, withoutParameters(d.tokens, types));
  if (!declarations.some(({ kind, name }) => kind === "enable" && name === "f16")) declarations.unshift(...parse(tokenise("enable f16;")));
  const packing = parse(tokenise(PACKING));
  const words = new Set([...used].flatMap(({ tokens }) => tokens.map(({ text }) => text)));
  for (const d of packing.filter(({ name }) => words.has(name))) used.add(d);
  declarations.push(...packing);
}

const ARRAYS = "Keep it in f32, or make it an array of f32, vec2f or vec4f.";

/** The arrays that a function sees: not those that a parameter of its hides. */
function withoutParameters(tokens: Token[], types: Map<string, string>): Map<string, string> {
  const head = tokens.slice(
    0,
    tokens.findIndex(({ text }) => text === "{"),
  );
  return new Map([...types].filter(([name]) => !head.some(({ text }, i) => text === name && head[i + 1]?.text === ":")));
}

const ASSIGNMENT = /^([-+*/%&|^]?|<<|>>)=$/;

/** Tokens with each element that is read from an array of f16 as f32, and each that is written as f16; `types` are those in f32. */
function converted(file: string, tokens: Token[], types: Map<string, string>): Token[] {
  const out: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const { text, line } = tokens[i];
    const type = types.get(text);
    if (type === undefined || tokens[i - 1]?.text === ".") {
      out.push(tokens[i]);
      continue;
    }
    const close = tokens[i + 1]?.text === "[" ? closing(tokens, i + 1, "[", "]") : i;
    if (close === i) throw new EngineError(`${file}:${line}: ${text} cannot hold f16 where it has no index.`, ARRAYS);
    const { from, to } = HALF_TYPES[type];
    const words = (...texts: string[]) => texts.map((word) => ({ text: word, line }));
    const place = [...tokens.slice(i, i + 2), ...converted(file, tokens.slice(i + 2, close), types), tokens[close]];
    const operator = tokens[close + 1]?.text ?? "";
    if (!ASSIGNMENT.test(operator)) {
      out.push(...words(from, "("), ...place, ...words(")"));
      i = close;
      continue;
    }
    const end = tokens.findIndex((t, at) => at > close && t.text === ";");
    const value = converted(file, tokens.slice(close + 2, end), types);
    const before = operator === "=" ? [] : [...words(from, "("), ...place, ...words(")", operator.slice(0, -1))];
    out.push(...place, ...words("=", to, "("), ...before, ...words("("), ...value, ...words(")", ")", ";"));
    i = end;
  }
  return out;
}
