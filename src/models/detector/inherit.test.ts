import { expect, test } from "vitest";
import { smallDetector } from "./config";
import { inherit } from "./inherit";
import { initDetector } from "./init";

const config = { ...smallDetector("gfl", "student", 3, 64), width: 4, channels: 8, stacked: 1 };
const student = initDetector(config, 1);

test("layers of neck and head in the same shapes are the teacher's, the backbone and others the student's own", () => {
  const wide = { ...config, width: 8 };
  const teacher = initDetector(wide, 2);
  const { weights, taken, of } = inherit(student, teacher);
  // Three lateral convolutions read a wider backbone; three of the pyramid, two branches and two answers are alike.
  expect([taken, of]).toEqual([7, 10]);
  for (const [name, { data }] of weights) {
    const from = /^(neck\.fpn_convs|bbox_head)/.test(name) ? teacher : student;
    expect(data, name).toEqual(from.get(name)?.data);
  }
});

test("of a teacher of another kind what the kinds share is taken, of one of another width nothing, biases neither", () => {
  const fcos = inherit(student, initDetector({ ...config, kind: "fcos" }, 2));
  expect(fcos.weights.get("bbox_head.cls_convs.0.conv.weight")).not.toEqual(student.get("bbox_head.cls_convs.0.conv.weight"));
  expect(fcos.weights.get("bbox_head.gfl_cls.weight")).toEqual(student.get("bbox_head.gfl_cls.weight"));
  const wide = inherit(student, initDetector({ ...config, channels: 16 }, 2));
  expect(wide).toEqual({ weights: student, taken: 0, of: 10 });
});
