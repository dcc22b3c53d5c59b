import { expect, test, vi } from "vitest";
import { main } from "./gpu";
import { tableOf } from "./table";

test("tables say what was measured, what it is of the best product, and why a network was not run", () => {
  const text = tableOf({
    adapter: "acme",
    verdicts: [{ kernel: "gemm", variant: "shared", error: 1.23e-6, ms: 0.5 }],
    roofline: [
      { size: 512, ms: 1, gflops: 250 },
      { size: 1024, ms: 2, gflops: 1000 },
    ],
    kernels: [{ kernel: "gemm coop", launches: 3, ms: 1.5 }],
    scale: [
      { network: "ViT", batch: 32, largest_mb: 2, step_mb: 10, gflop: 4, ms: 10, images_per_s: 3200, gflops: 400 },
      { network: "DeiT", batch: 64, largest_mb: 40, step_mb: 1900, gflop: 740, skipped: "too long" },
    ],
    endurance: [
      { soak: "steps", steps: 2000, batch: 32, equal: true, loss: 1, ms_per_step: 3 },
      { soak: "memory", batch: 512, refused: 1024, why: "One buffer needs 200 MiB.", goes_on: true },
    ],
    peers: [{ engine: "jax-js", task: "vit-step", median_ms: 360, images_per_s: 88.9 }],
    report: { final: true, adapter: "acme", checked: 1, failed: 0, kernels: "gemm=shared", images_per_s: 3200 },
  });
  expect(text).toContain("1 kernels checked against float64, 0 wrong. In use: `kernels=gemm=shared`.");
  expect(text).toContain("| ViT | 32 | 10 | 3200 |  | 400 | 40 % | 10 | 2 |");
  expect(text).toContain("| DeiT | 64 | too long |  |  |  |  | 1900 | 40 |");
  expect(text).toContain("| vit-step | jax-js | 360 | 88.9 |");
  expect(text).toContain("2000 steps of 32 images twice: the same bits, 3 ms each.");
  expect(text).toContain("Batches up to 512 ran, 1024 was refused: One buffer needs 200 MiB. The device went on.");
  expect(text).toContain("| gemm | shared | 1.2e-6 | 0.5 |  | right |");
});

test("a soak of a network that there is not names those that there are", async () => {
  const said = vi.spyOn(console, "error").mockReturnValue();
  expect(await main(["--soak", "network=ViT"])).toBe(2);
  expect(said).toHaveBeenCalledWith(expect.stringContaining('no network "ViT", but ViT 16/1; ViT 64/4;'));
  said.mockRestore();
});

test("a word that means nothing is named, and nothing is measured", async () => {
  const said = vi.spyOn(console, "error").mockReturnValue();
  expect(await main(["--chek"])).toBe(2);
  expect(said).toHaveBeenCalledWith(expect.stringContaining("--chek is unknown"));
  said.mockRestore();
});
