import { beforeAll, describe, expect, test } from "vitest";
import { testEngine } from "../ops/check";
import type { Engine } from "./device";
import { shaderFiles } from "./shaderFiles";
import { type Constants, entryPoints, specialise } from "./wgsl";

const HEAD = "@group(0) @binding(0) var<storage, read_write> out: array<f32>;";

/** The statements of `main` after specialising a file of `declarations` and that entry point, with single spaces. */
function body(statements: string, declarations = "", constants: Constants = {}): string {
  const text = `${declarations}\n${HEAD}\n@compute @workgroup_size(1)\nfn main() {\n${statements}\n}`;
  const { code } = specialise("own.wgsl", text, "main", constants);
  return code
    .replaceAll("\n", " ")
    .replace(/^.*fn main \( \) \{ ?/, "")
    .replace(/ ?\}$/, "");
}

describe("constants", () => {
  const value = (declaration: string, constants: Constants) =>
    body("out[0] = f32(A);", declaration, constants) && codeOf(declaration, constants);
  const codeOf = (declaration: string, constants: Constants) =>
    specialise("own.wgsl", `${declaration} ${HEAD} @compute @workgroup_size(1) fn main() { out[0] = f32(A); }`, "main", constants).code;

  test.each([
    ["const A = 4u;", 2, "const A = 2u ;"],
    ["const A: u32 = 4;", 2, "const A : u32 = 2 ;"],
    ["const A = 0x10u;", 2, "const A = 2u ;"],
    ["const A = true;", false, "const A = false ;"],
    ["const A = 2u * (1u + 3u);", 7, "const A = 7u ;"],
    ["const A = 1.5;", 2, "const A = 2.0 ;"],
    ["const A = 1e-6;", 1e-9, "const A = 1e-9 ;"],
  ])("%s as %s", (declaration, asked, written) => {
    expect(value(declaration, { A: asked })).toContain(written);
  });

  test.each([
    ["const A = true;", 1],
    ["const A = 4u;", true],
    ["const A = 4u;", -1],
    ["const A = 4u;", 0.5],
  ])("%s cannot be %s", (declaration, asked) => {
    expect(() => value(declaration, { A: asked })).toThrow(`own.wgsl:1: A cannot be ${asked}.`);
  });

  test("unknown ones and unknown entry points are refused", () => {
    expect(() => body("", "const A = 1u;", { B: 1, C: 2 })).toThrow("own.wgsl has no constant B, C.");
    expect(() => specialise("own.wgsl", "fn helper() {}", "helper")).toThrow("own.wgsl has no entry point helper.");
    expect(() => specialise("own.wgsl", "fn helper() {}", "main")).toThrow("own.wgsl has no entry point main.");
  });
});

describe("folding", () => {
  const CHAIN = "if (A == 0u) { a(); } else if (A == 1u) { b(); } else if (A == 2u) { c(); } else { d(); }";
  test.each([
    [0, "{ a ( ) ; }"],
    [1, "{ b ( ) ; }"],
    [2, "{ c ( ) ; }"],
    [3, "{ d ( ) ; }"],
  ])("a chain, A = %i", (A, left) => {
    expect(body(CHAIN, "const A = 0u;", { A })).toBe(left);
  });

  test.each([
    ["if (x) { a(); } else if (NO) { b(); }", "if ( x ) { a ( ) ; }"],
    ["if (x) { a(); } else if (NO) { b(); } else if (NO) { c(); }", "if ( x ) { a ( ) ; }"],
    ["if (x) { a(); } else if (NO) { b(); } else { c(); }", "if ( x ) { a ( ) ; } else { c ( ) ; }"],
    ["if (x) { a(); } else if (YES) { b(); } else { c(); }", "if ( x ) { a ( ) ; } else { b ( ) ; }"],
    ["if (NO) { a(); } else if (x) { b(); } else { c(); }", "if ( x ) { b ( ) ; } else { c ( ) ; }"],
    ["if (NO) { a(); } else if (NO) { b(); } else if (x) { c(); }", "if ( x ) { c ( ) ; }"],
    ["if (NO) { a(); } b();", "b ( ) ;"],
    ["if (YES) { if (NO) { a(); } else { if (x) { b(); } } }", "{ { if ( x ) { b ( ) ; } } }"],
    ["if (x) { if (NO) { a(); } }", "if ( x ) { }"],
    ["while (x) { if (YES) { a(); } }", "while ( x ) { { a ( ) ; } }"],
  ])("%s", (statements, left) => {
    expect(body(statements, "const YES = true; const NO = false;")).toBe(left);
  });

  test.each([
    ["!NO && (TWO + 1u) * 2u == 6u", true],
    ["10u - 3u - 2u == 5u", true],
    ["(NO) || (NO)", false],
    ["(YES) && (NO)", false],
    ["7u / 2u == 3u && 7u % 4u >= TWO + 1u && TWO < 3u && TWO != 3u && TWO <= 2u && TWO > 1u", true],
    ["NO && YES || YES", true],
  ])("the value of %s", (expression, value) => {
    const declarations = "const YES = true; const NO = false; const TWO = 2u;";
    for (const condition of [`(${expression})`, expression]) {
      expect(body(`if ${condition} { a(); } else { b(); }`, declarations)).toBe(value ? "{ a ( ) ; }" : "{ b ( ) ; }");
    }
  });

  test.each(["x", "x && NO", "TWO < f(1u)", "TWO == -1", "xs[TWO - 1u] == 2u", "p.TWO == 2u"])(
    "%s is left to the compiler",
    (condition) => {
      expect(body(`if (${condition}) { a(); }`, "const NO = false; const TWO = 2u;")).toMatch(/^if \( .* \) \{ a \( \) ; \}$/);
    },
  );
});

describe("unrolling", () => {
  test("nested loops, the inner bound made of the outer variable", () => {
    const loops = `for (var i = 0u; i < N; i++) { // unroll
      for (var j = 0u; j < i; j++) { // unroll
        f(i, j);
      }
    }`;
    expect(body(loops, "const N = 3u;")).toBe("{ } { { f ( 1u , 0u ) ; } } { { f ( 2u , 0u ) ; } { f ( 2u , 1u ) ; } }");
    expect(body(loops, "const N = 3u;", { N: 0 })).toBe("");
  });

  test("one name for loops beside and inside each other, and for a member", () => {
    const loops = `for (var i = 0u; i < 2u; i++) { // unroll
      f(i, v.i);
      for (var i = 0u; i < 1u; i++) { // unroll
        g(i);
      }
      for (var i = 0u; i < n; i++) { h(i); }
    }
    for (var i = 0u; i < 1u; i++) { // unroll
      k(i);
    }`;
    const round = (n: number) => `{ f ( ${n}u , v . i ) ; { g ( 0u ) ; } for ( var i = 0u ; i < n ; i ++ ) { h ( i ) ; } }`;
    expect(body(loops)).toBe(`${round(0)} ${round(1)} { k ( 0u ) ; }`);
  });

  test.each([
    "for (var i = 0u; i < n; i++) { // unroll\n}",
    "for (var i = 0u; i <= 2u; i++) { // unroll\n}",
    "for (var i = 1u; i < 2u; i++) { // unroll\n}",
    "for (var i = 0u; i < 4u; i += 2u) { // unroll\n}",
    "for (var i = 0u; i < 4u; i++) { // unroll\n if (x) { continue; } }",
    "while (x) { // unroll\n}",
    "f(); // unroll",
  ])("refuses %s", (loop) => {
    expect(() => body(`f();\n${loop}`)).toThrow("own.wgsl:6 cannot be unrolled. Write for (var i = 0u;");
  });

  test("a break of a loop inside stays there", () => {
    const loop = "for (var i = 0u; i < 1u; i++) { // unroll\n loop { if (x) { break; } } }";
    expect(body(loop)).toBe("{ loop { if ( x ) { break ; } } }");
  });
});

describe("what an entry point needs", () => {
  const FILE = `
    enable subgroups; // unused unless quads meet
    enable f16;
    const A = true;
    const SIZE = 4u;
    struct P { rows: u32, rate: f32, shift: i32, }
    struct Other { x: f32 }
    @group(0) @binding(3) var<uniform> p: P;
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage> y: array<vec2<f32>>;
    @group(0) @binding(2) var<storage, read_write> z: array<array<vec2<f32>,2>>;
    var<workgroup> tile: array<f32, SIZE>;
    fn used() -> f32 { return x[0] + p.rate; }
    fn unused(o: Other) -> f32 { return o.x; }
    fn half() -> f32 { return f32(vec2h(1.0h).x); }
    @compute @workgroup_size(SIZE * 2u, SIZE + 1u, 3,)
    fn first() { let v = y[0]; z[0][0] = vec2f(used(), v.x); }
    @workgroup_size(1) @compute
    fn second() { if (A) { z[0][0].x = x[0]; } else { tile[0] = unused(Other(1.0)); } }
    @compute @workgroup_size(1)
    fn third() { z[0][0].x = half(); }
    @compute @workgroup_size(1)
    fn fourth() { z[0][0].x = quadSwapX(x[0]); }
  `;

  test("its bindings, parameters and workgroup", () => {
    const { bindings, params, workgroup } = specialise("own.wgsl", FILE, "first");
    expect(bindings).toEqual([
      { name: "p", binding: 3, kind: "uniform" },
      { name: "x", binding: 0, kind: "read" },
      { name: "y", binding: 1, kind: "read" },
      { name: "z", binding: 2, kind: "write" },
    ]);
    expect(params).toEqual([
      { name: "rows", type: "u32" },
      { name: "rate", type: "f32" },
      { name: "shift", type: "i32" },
    ]);
    expect(workgroup).toBe(8 * 5 * 3);
  });

  test("nothing else: dead declarations go, a member of some name is no use of it", () => {
    const { code, bindings, params } = specialise("own.wgsl", FILE, "second");
    expect(bindings.map((b) => b.name)).toEqual(["x", "z"]); // z[0][0].x is no use of x, the right-hand side is
    expect(params).toEqual([]);
    expect(code).not.toMatch(/tile|unused|Other|enable|first/);
    expect(specialise("own.wgsl", FILE, "third").bindings.map((b) => b.name)).toEqual(["z"]);
    expect(specialise("own.wgsl", FILE, "second", { A: false }).code).toMatch(/tile.*unused.*Other/s);
  });

  test.each([
    ["first", []],
    ["third", ["shader-f16"]],
    ["fourth", ["subgroups"]],
  ])("the features of %s are %s", (entry, features) => {
    const shader = specialise("own.wgsl", FILE, entry);
    expect(shader.features).toEqual(features);
    expect(shader.code.match(/enable/g) ?? []).toHaveLength(features.length);
  });

  test("a helper whose name only starts like a subgroup operation needs no feature", () => {
    const text = `enable subgroups; ${HEAD} fn quad_row() -> f32 { return 1.0; }
      @compute @workgroup_size(1) fn main() { out[0] = quad_row(); }`;
    expect(specialise("own.wgsl", text, "main").features).toEqual([]);
  });

  test("parameters wider than four bytes and an open workgroup size are refused", () => {
    const block = (type: string) => `struct P { n: ${type} } @group(0) @binding(0) var<uniform> p: P;
      @compute @workgroup_size(1) fn main() { _ = p.n; }`;
    expect(() => specialise("own.wgsl", block("vec2u"), "main")).toThrow("own.wgsl: the parameter block has n: vec2u.");
    expect(specialise("own.wgsl", block("u32"), "main").params).toHaveLength(1);
    const open = "override N = 1u; @compute @workgroup_size(N) fn main() {}";
    expect(() => specialise("own.wgsl", open, "main")).toThrow("own.wgsl (main): its workgroup size is not constant.");
  });

  test("entryPoints lists the compute functions alone", () => {
    expect(entryPoints(FILE)).toEqual(["first", "second", "third", "fourth"]);
  });
});

describe("arrays in f16", () => {
  const STORED = `${HEAD} @group(0) @binding(1) var<storage, read> x: array<vec4f>; @group(0) @binding(2) var<storage, read> n: array<u32>;`;
  const main = (statements: string, halves: string[], more = "") =>
    specialise("own.wgsl", `${STORED} ${more} @compute @workgroup_size(1) fn main() { ${statements} }`, "main", {}, halves);
  const bodyOf = (statements: string, halves: string[]) =>
    main(statements, halves).code.replace(/^.*fn main \( \) \{ | \}(\nfn .*)?$/gs, "");

  test.each([
    ["out[i] = x[n[0]].y;", ["x"], "out [ i ] = unpack4x16float ( x [ n [ 0 ] ] ) . y ;"],
    ["out[i] = x[0].y;", ["out"], "out [ i ] = f16 ( ( x [ 0 ] . y ) ) ;"],
    ["out[u32(out[1])] = 2.0;", ["out"], "out [ u32 ( f32 ( out [ 1 ] ) ) ] = f16 ( ( 2.0 ) ) ;"],
    ["out[i] -= a + x[0].x;", ["out", "x"], "out [ i ] = f16 ( f32 ( out [ i ] ) - ( a + unpack4x16float ( x [ 0 ] ) . x ) ) ;"],
    ["if (out[0] == v.out[1]) { }", ["out"], "if ( f32 ( out [ 0 ] ) == v . out [ 1 ] ) { }"],
  ])("%s with %s", (statement, halves, left) => {
    expect(bodyOf(statement, halves)).toBe(left);
  });

  test("are declared so, and ask for the feature", () => {
    const { code, features, bindings } = main("out[0] = x[0].x;", ["x", "out", "n", "elsewhere"]);
    expect(code).toContain("x : array < vec2u >");
    expect(code).toContain("out : array < f16 >");
    expect(code.startsWith("enable f16 ;")).toBe(true);
    expect(features).toEqual(["shader-f16"]);
    expect(bindings.map(({ name, kind }) => [name, kind])).toEqual([
      ["out", "write"],
      ["x", "read"],
    ]);
    expect(main("out[0] = x[0].x;", ["x"]).features).toEqual([]); // vectors are packed in words
    expect(main("out[0] = x[0].x;", ["elsewhere"]).features).toEqual([]);
  });

  test("a parameter of their name hides them", () => {
    const { code } = main("out[0] = x[0].x + f(x[1]);", ["x"], "fn f(x: vec4f) -> f32 { return x[0]; }");
    expect(code).toContain("return x [ 0 ] ;");
    expect(code).toContain("f ( unpack4x16float ( x [ 1 ] ) )");
  });

  test("integers, pointers and locals of the same name are refused", () => {
    expect(() => main("out[0] = f32(n[0]);", ["n"])).toThrow("own.wgsl:1: n cannot hold f16.");
    expect(() => main("f(&x);", ["x"])).toThrow("own.wgsl:1: x cannot hold f16 where it has no index.");
    expect(() => main("out[0] = x[0].x; { let x = 1.0; }", ["x"])).toThrow("own.wgsl:1: x cannot hold f16 where it has no index.");
  });
});

describe("tokens", () => {
  test("comments vanish, numbers and operators stay whole", () => {
    const line = "let a = 1.5e-3f /* b\n */ + .5 + 3. - 0xFFu+2i*1h; // c = d\n x >>= 1u; x--; y -= -1.0; m = a <= b && !c || d != e;";
    expect(body(line)).toBe("let a = 1.5e-3f + .5 + 3. - 0xFFu + 2i * 1h ; x >>= 1u ; x -- ; y -= - 1.0 ; m = a <= b && ! c || d != e ;");
  });

  test("each line of the code knows the line it came from", () => {
    const text = `// first\nconst UNUSED = 1u;\n${HEAD}\n\n@compute @workgroup_size(1)\nfn main() { /* two\nlines */\n  out[0] = 1.0;\n  out[1] =\n 2.0;\n}`;
    const { code, lines } = specialise("own.wgsl", text, "main");
    expect(lines).toEqual([3, 5, 6, 8, 9, 10, 11]);
    expect(code.split("\n")[3]).toBe("out [ 0 ] = 1.0 ;");
  });
});

describe("on the adapter", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await testEngine();
  });

  test("a compile error names the file's own line and quotes it", async () => {
    const text = `// comment\n\n${HEAD}\nconst GONE = 1u;\n@compute @workgroup_size(1)\nfn main() {\n  out[0] = 1.0 + nothing;\n}`;
    const compiled = engine.pipeline(specialise("own.wgsl", text, "main"));
    await expect(compiled).rejects.toThrow(
      /own\.wgsl \(main\) does not compile\.\nown\.wgsl:7: .*nothing.*\n {4}out \[ 0 \] = 1.0 \+ nothing ;/,
    );
    expect(engine.failure).toBeUndefined();
  });

  describe.each(Object.entries(shaderFiles))("%s", (path, text) => {
    const file = path.replace(/^\/shaders\/|\.wgsl$/g, "");
    const supported = (needs: string) =>
      engine.device.features.has(needs as GPUFeatureName) || !text.includes(`enable ${needs === "shader-f16" ? "f16" : needs};`);

    test("compiles as it stands", async ({ skip }) => {
      if (!supported("subgroups") || !supported("shader-f16")) skip("this adapter lacks a feature that the file asks for");
      engine.device.pushErrorScope("validation");
      const module = engine.device.createShaderModule({ code: text });
      void engine.device.popErrorScope();
      const { messages } = await module.getCompilationInfo();
      // What a subgroup operation wants constant, and the flow it wants uniform, are so only once loops are written out and branches folded.
      const later = /must be a const-expression|subgroup uniform control flow/;
      const errors = messages.filter((m) => m.type === "error" && !later.test(m.message));
      expect(errors.map((m) => `${m.lineNum}: ${m.message}`)).toEqual([]);
    });

    test.for(entryPoints(text))("%s makes a pipeline by itself", async (entry, { skip }) => {
      const shader = engine.shader(file, entry);
      if (!shader.features.every((f) => engine.device.features.has(f))) skip(`this adapter lacks one of ${shader.features.join(", ")}`);
      expect(shader.workgroup).toBeGreaterThan(0);
      await engine.pipeline(shader);
    });

    test.for(entryPoints(text))("%s makes one with its floats in f16", async (entry, { skip }) => {
      const floats = [...text.matchAll(/(\w+): array<(f32|vec[24]f)>;/g)].map(([, name]) => name);
      const shader = engine.shader(file, entry, {}, floats);
      if (!shader.features.every((f) => engine.device.features.has(f))) skip(`this adapter lacks one of ${shader.features.join(", ")}`);
      await engine.pipeline(shader);
    });
  });
});
