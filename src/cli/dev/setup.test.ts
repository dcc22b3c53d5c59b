import { expect, test } from "vitest";
import { plan } from "./setup.mjs";

const bare = { codename: "bookworm", root: true, installed: {}, mirror: "http://mirror.example/debian/", backports: false };
const browsers = { chromium: "156", "firefox-esr": "153", "fonts-liberation": "1", libvulkan1: "1.3" };
const torch = { "python3-torch": "1.13", "python3-pil": "9.4", "libopenblas0-pthread": "0.3" };
const said = (machine: Parameters<typeof plan>[0]) => plan(machine).map((step) => step.say);

test("a bare Debian 12 gets the browsers, and Mesa from backports", () => {
  expect(said(bare)).toEqual([
    "adding bookworm-backports",
    "reading the package lists",
    "installing chromium, firefox-esr, fonts-liberation, libvulkan1",
    "installing mesa-vulkan-drivers from bookworm-backports",
    "installing python3-torch, python3-pil, libopenblas0-pthread",
  ]);
  expect(plan(bare)[0].command).toContain("deb http://mirror.example/debian/ bookworm-backports main");
});

test("Debian 12's own Mesa is too old", () => {
  const machine = { ...bare, backports: true, installed: { ...browsers, ...torch, "mesa-vulkan-drivers": "22.3.6-1" } };
  expect(said(machine)).toEqual(["reading the package lists", "installing mesa-vulkan-drivers from bookworm-backports"]);
});

test("a later Debian has a good Mesa of its own", () => {
  expect(said({ ...bare, codename: "trixie", installed: { ...browsers, ...torch } })).toEqual([
    "reading the package lists",
    "installing mesa-vulkan-drivers",
  ]);
});

test("a machine that has everything is left alone", () => {
  expect(plan({ ...bare, installed: { ...browsers, ...torch, "mesa-vulkan-drivers": "25.0.7-2~bpo12+1" } })).toEqual([]);
});

test("PyTorch alone is optional: nothing else depends on whether it can be installed", () => {
  const steps = plan({ ...bare, installed: { ...browsers, "python3-pil": "9.4", "mesa-vulkan-drivers": "25.0.7-2~bpo12+1" } });
  expect(steps.map(({ say, optional }) => [say, optional])).toEqual([
    ["reading the package lists", true],
    ["installing python3-torch, libopenblas0-pthread", true],
  ]);
  expect(plan(bare).filter(({ optional }) => optional)).toHaveLength(1);
});
