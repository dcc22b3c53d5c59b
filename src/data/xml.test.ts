import { describe, expect, it } from "vitest";
import { child, readXml } from "./xml";

const read = (source: string) => readXml(source, "a.xml");

describe("readXml", () => {
  it("reads elements, text, characters and raw text", () => {
    const xml = read(
      `\uFEFF<?xml version="1.0"?><!-- <not> --><!DOCTYPE a><a b="1" c:d='>'>\n one &lt;&amp;&#65;&#x42; <e/><f.g>two</f.g><![CDATA[<x>&]]> </a >\n`,
    );
    expect(xml).toEqual({
      name: "a",
      text: "one <&AB <x>&",
      children: [
        { name: "e", text: "", children: [] },
        { name: "f.g", text: "two", children: [] },
      ],
    });
    expect(child(xml, "f.g")?.text).toBe("two");
    expect(child(xml, "h")).toBeUndefined();
    expect(child(undefined, "h")).toBeUndefined();
  });

  it.each(["&nbsp;", "1 & 2", "&#x110000;", "&constructor;", "AT&T; Bell"])("leaves %s as it was typed", (text) => {
    expect(read(`<a>${text}</a>`).text).toBe(text);
  });

  it.each([
    ["<a>\n<b></a>", "a.xml, line 2: </a> closes <b>."],
    ["<a>\n\n<b>", "a.xml, line 3: <b> is never closed."],
    ["</a>", "a.xml, line 1: </a> closes nothing."],
    ["<a/><b/>", "one element around everything"],
    ["", "one element around everything"],
    ["<a/>x", "one element around everything"],
    ["<a>\n< b/></a>", "a.xml, line 2: this is not well-formed XML."],
    ["<a b=1/>", "this is not well-formed XML"],
    ["<a>".repeat(20_000), "a.xml, line 1: elements lie in one another more than 100 deep."],
    ["{}", "one element around everything"],
  ])("refuses %j", (source, message) => {
    expect(() => read(source)).toThrow(message);
  });
});
