/** What a project takes for weights is never run as a program. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { templates } from "./templates";
import { folderOf, hasTorch } from "./torch.fixture";

const MAKE = `import os, torch, networks
class Program:
    def __reduce__(self): return (os.mkdir, ("ran",))
torch.save({"model": {"w": torch.ones(2)}}, "weights.pt")
torch.save({"model": Program()}, "program.pt")
print(networks.read("weights.pt")[0]["w"].tolist(), flush=True)
networks.read("program.pt")
`;

describe.skipIf(!hasTorch)("a file of torch.save", () => {
  test("is read for its weights, and refused where it holds more", { timeout: 120_000 }, () => {
    const folder = folderOf([...templates(["classification", "vit"]), ["make.py", MAKE]]);
    const { stdout, stderr, status } = spawnSync(process.env.MDP_PYTHON ?? "/usr/bin/python3", ["make.py"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stdout).toBe("[1.0, 1.0]\n");
    expect([stderr, status]).toEqual([expect.stringContaining("program.pt holds more than weights, which could be a program."), 1]);
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });
});
