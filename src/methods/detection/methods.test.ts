import { describe, expect, test } from "vitest";
import { testEngine } from "../../ops/check";
import { teach } from "./distill.fixture";
import { awake, checkGradients } from "./gradients.fixture";
import { DETECTION_METHODS } from "./index";
import type { DetectionMethod } from "./method";

const methods: DetectionMethod[] = Object.values(DETECTION_METHODS);
describe.each(methods.map((method) => ({ name: method.name, method })))("$name", ({ method }) => {
  /** MKD's loss on the encoder is off by default. */
  const encoder: Record<string, string> = "encoder" in method.knobs ? { encoder: "on" } : {};

  test("declares what it uses: every term has a number knob and a loss", async () => {
    const { terms, run } = await teach(await testEngine(), method, { knobs: encoder });
    expect(terms.sort()).toEqual(Object.keys(method.terms).sort());
    for (const { weight } of Object.values(method.terms)) expect(method.knobs[weight].kind).toBe("number");
    for (const [term, value] of Object.entries((await run()).values)) expect(value, term).toBeGreaterThan(0);
  });

  test("its gradients agree with differences of its value", async () => {
    // W, detached by default, changes the value without a gradient.
    const knobs = "detach" in method.knobs ? { detach: "on" } : encoder;
    await checkGradients(await teach(await testEngine(), method, { knobs, modules: awake }));
  });
});
