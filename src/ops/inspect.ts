/**
 * What a kernel's text tells of how it will run on a GPU: conflicts in the banks of workgroup memory, counted from its index arithmetic,
 * and floats a lane holds at once, estimated from its variables.
 */
import type { Shader } from "../engine/wgsl";

/** Workgroup memory of most GPUs: so many banks of four bytes, each of which answers for one address at a time. */
const BANKS = 32;
const BANK_BYTES = 4;
const ELEMENT_BYTES: Record<string, number> = { vec4f: 16, vec4h: 8, f32: 4, u32: 4, vec2f: 8 };

type Environment = ReadonlyMap<string, number>;
/** Functions of one argument by name: the expression they return, or the index at which they read an array in workgroup memory. */
type Functions = ReadonlyMap<string, { argument: string; result: string; array?: string }>;

/** Value of a u32 expression over known names, as WGSL computes it; undefined where it needs a name that is not known. */
export function evaluate(text: string, names: Environment, functions: Functions = new Map()): number | undefined {
  const tokens = text.match(/[A-Za-z_]\w*|\d+|<<|>>|[-+*/%&|^()]/g) ?? [];
  let at = 0;
  const LEVELS = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];
  const level = (depth: number): number => {
    if (depth === LEVELS.length) return unit();
    let value = level(depth + 1);
    while (LEVELS[depth].includes(tokens[at])) value = apply(tokens[at++], value, level(depth + 1));
    return value;
  };
  const unit = (): number => {
    const token = tokens[at++];
    if (/^\d/.test(token)) {
      if (tokens[at] === "u") at++;
      return Number(token);
    }
    if (token !== "(" && tokens[at] !== "(") return names.get(token) ?? Number.NaN;
    if (token !== "(") at++;
    const inner = level(0);
    at++;
    const called = token === "(" ? undefined : functions.get(token);
    if (token === "(") return inner;
    return called ? (evaluate(called.result, new Map([...names, [called.argument, inner]]), functions) ?? Number.NaN) : Number.NaN;
  };
  const value = level(0);
  return Number.isNaN(value) || at < tokens.length ? undefined : value;
}

function apply(operator: string, a: number, b: number): number {
  if (Number.isNaN(a + b)) return Number.NaN;
  switch (operator) {
    case "|":
      return (a | b) >>> 0;
    case "^":
      return (a ^ b) >>> 0;
    case "&":
      return (a & b) >>> 0;
    case "<<":
      return (a << b) >>> 0;
    case ">>":
      return a >>> b;
    case "+":
      return (a + b) >>> 0;
    case "-":
      return (a - b) >>> 0;
    case "*":
      return Math.imul(a, b) >>> 0;
    case "/":
      return Math.floor(a / b);
    default:
      return a % b;
  }
}

/** Accesses of the lanes of a workgroup to one array in workgroup memory, at one place of the text and one turn of the loops. */
interface Access {
  bytes: number;
  /** Element each lane reads or writes. */
  indices: number[];
}

/**
 * Most addresses that one bank must answer for in one group of lanes served together (those whose elements fill all banks once): 1 where
 * nothing conflicts, 0 for a kernel without arrays in workgroup memory. Lanes at the same address share an answer.
 */
export function bankConflicts(shader: Shader): number {
  return Math.max(0, ...accesses(shader).map(conflictsOf));
}

function conflictsOf({ bytes, indices }: Access): number {
  const together = (BANKS * BANK_BYTES) / bytes;
  let worst = 0;
  for (let from = 0; from < indices.length; from += together) {
    const addresses = new Set(indices.slice(from, from + together));
    const banks = new Map<number, number>();
    for (const index of addresses) banks.set(index % together, (banks.get(index % together) ?? 0) + 1);
    worst = Math.max(worst, ...banks.values());
  }
  return worst;
}

/** Every access that the text makes to workgroup memory. Throws where an index cannot be worked out: then nothing is known. */
function accesses({ code, entry, workgroup }: Shader): Access[] {
  const text = code.replace(/\s+/g, " ");
  const arrays = new Map([...text.matchAll(/var < workgroup > (\w+) : array < (\w+) ,/g)].map(([, name, element]) => [name, element]));
  if (arrays.size === 0) return [];
  const functions = functionsOf(text, arrays);
  const constants = constantsOf(text);
  const main = functionsIn(text).find(({ name }) => name === entry)?.body ?? "";
  const index = /@ builtin \( local_invocation_index \) (\w+)/.exec(main)?.[1] ?? "local";
  const body = `${main} ${helpers(text, [...arrays.keys()], entry, index)}`;
  const found: Access[] = [];
  for (const turn of turns(body)) {
    const perLane = Array.from({ length: workgroup }, (_, local) =>
      lane(body, new Map([...constants, ...turn, [index, local]]), arrays, functions),
    );
    for (const [i, { bytes, what }] of perLane[0].entries()) {
      const indices = perLane.map((of) => of[i].index);
      if (indices.some((index) => index === undefined)) throw new Error(`${entry}: the index of ${what} cannot be worked out`);
      found.push({ bytes, indices: indices as number[] });
    }
  }
  return found;
}

/** Functions other than the entry point that are handed the lane's index and go to workgroup memory themselves. */
function helpers(text: string, arrays: string[], entry: string, index: string): string {
  const handed = functionsIn(text).filter(({ name, parameters }) => name !== entry && parameters.includes(`${index} : u32`));
  return handed
    .filter(({ body }) => arrays.some((array) => body.includes(` ${array} [`)))
    .map(({ body }) => body)
    .join(" ");
}

/** All functions of a text. */
function functionsIn(text: string): { name: string; parameters: string; body: string }[] {
  return text
    .split(/\bfn /)
    .slice(1)
    .map((body) => {
      const opened = body.indexOf("(");
      return { name: body.slice(0, opened).trim(), parameters: inside(body, opened + 1), body };
    });
}

/** Functions of one number: what they return, or, of those that read workgroup memory, the array and the index. */
function functionsOf(text: string, arrays: ReadonlyMap<string, string>): Functions {
  const functions = new Map<string, { argument: string; result: string; array?: string }>();
  for (const [, name, argument, rest] of text.matchAll(/fn (\w+) \( (\w+) : u32 \) -> \w+ (\{(?:(?!fn ).)*)/g)) {
    const read = [...arrays.keys()].find((array) => rest.includes(` ${array} [`));
    if (read) functions.set(name, { argument, array: read, result: inside(rest, rest.indexOf(` ${read} [`) + read.length + 4) });
    else functions.set(name, { argument, result: /return ([^;]*) ;/.exec(rest)?.[1] ?? "" });
  }
  return functions;
}

/** Module constants that are whole numbers. */
function constantsOf(text: string): Map<string, number> {
  const names = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/const (\w+) = ([^;]*) ;/g)) {
    const known = evaluate(value, names);
    if (known !== undefined) names.set(name, known);
  }
  return names;
}

/** Values of the variables of counted loops, each combination once. */
function turns(body: string): [string, number][][] {
  let all: [string, number][][] = [[]];
  for (const [, name, from, to, step] of body.matchAll(/for \( var (\w+) = (\d+)u? ; \1 < (\d+)u? ; \1 (?:\+= (\d+)u?|\+\+) \)/g)) {
    const values: number[] = [];
    for (let value = Number(from); value < Number(to); value += Number(step ?? 1)) values.push(value);
    all = all.flatMap((turn) => values.map((value): [string, number][] => [...turn, [name, value]]));
  }
  return all;
}

interface LaneAccess {
  what: string;
  bytes: number;
  index: number | undefined;
}

/** Walks through the text as one lane does, as far as names are known, and notes where it goes in workgroup memory. */
function lane(body: string, start: Environment, arrays: ReadonlyMap<string, string>, functions: Functions): LaneAccess[] {
  const names = new Map(start);
  const found: LaneAccess[] = [];
  const readers = [...functions].filter(([, { array }]) => array).map(([name]) => name);
  const places = [...arrays.keys(), ...readers].join("|");
  for (const { 1: defined, 2: value, 3: place, index } of body.matchAll(new RegExp(`let (\\w+) = ([^;]*) ;|\\b(${places}) [[(] `, "g"))) {
    const expression = defined ? value : inside(body, index + place.length + 2);
    if (defined) {
      const known = evaluate(value, names, functions);
      if (known === undefined) names.delete(defined);
      else names.set(defined, known);
      for (const nested of value.matchAll(new RegExp(`\\b(${places}) [[(] `, "g")))
        note(nested[1], inside(value, nested.index + nested[0].length));
      continue;
    }
    note(place, expression);
  }
  return found;

  function note(place: string, expression: string): void {
    const reader = functions.get(place);
    const array = reader?.array ?? place;
    const at = evaluate(expression, names, functions);
    const index = reader && at !== undefined ? evaluate(reader.result, new Map([...names, [reader.argument, at]]), functions) : at;
    found.push({ what: `${array}[${expression}]`, bytes: ELEMENT_BYTES[arrays.get(array) as string], index });
  }
}

/** What stands from `from` on up to the bracket that closes. */
function inside(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if ("([".includes(text[at])) depth++;
    if (")]".includes(text[at]) && depth-- === 0) return text.slice(from, at);
  }
  return text.slice(from);
}

/**
 * Floats that a lane holds at once in the variables of its entry point, and of functions that it hands sums to: about what it takes of a
 * GPU's registers. Blocks that a function loads count, too. Loops that are written out declare a variable again and again; it counts once.
 */
export function liveFloats({ code, entry }: Shader): number {
  const text = code.replace(/\s+/g, " ");
  const aliases = new Map([...text.matchAll(/alias (\w+) = ([^;]*) ;/g)].map(([, name, type]) => [name, type]));
  const functions = functionsIn(text);
  const loads = functions.filter(({ body }) => body.slice(0, body.indexOf("{")).endsWith("-> mat4x4f ")).map(({ name }) => name);
  const constants = constantsOf(text);
  const declared = new Map<string, string>();
  for (const { body } of functions.filter(({ name, parameters }) => name === entry || parameters.includes("ptr < function"))) {
    for (const [, name, type, made] of body.matchAll(/var (\w+) (?:: ([^;=]*?) ;|= (array < .*? >) \( \) ;)/g))
      declared.set(name, type ?? made);
    for (const [, name, load] of body.matchAll(/(?:let|var) (\w+) = (\w+) \(/g))
      if (load === "mat4x4f" || loads.includes(load)) declared.set(name, "mat4x4f");
  }
  return [...declared.values()].reduce((sum, type) => sum + floatsOf(type.trim(), aliases, constants), 0);
}

const FLOATS: Record<string, number> = { f32: 1, u32: 1, vec2f: 2, vec4f: 4, vec4u: 4, mat4x4f: 16 };

function floatsOf(type: string, aliases: ReadonlyMap<string, string>, constants: Environment): number {
  const known = aliases.get(type);
  if (known) return floatsOf(known, aliases, constants);
  const [, inner, count] = /^array < (.*) , ([^,]*?) >$/.exec(type) ?? [];
  if (inner) return floatsOf(inner, aliases, constants) * (evaluate(count, constants) ?? Number.NaN);
  return FLOATS[type] ?? 0;
}
