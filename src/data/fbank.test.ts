/** Filterbanks against torchaudio's, and against the transform written out; other rates against torchaudio's too. */
import { describe, expect, test } from "vitest";
import { fbank, framesIn, RATE, samplesIn } from "./fbank";
import { resample } from "./resample";

/** A tone, a glide and a little noise from a linear congruential generator, so that no band is empty. */
function wave(): Float64Array {
  let state = 1;
  return Float64Array.from({ length: 4000 }, (_, i) => {
    const t = i / RATE;
    state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n);
    const noise = state / 2147483648 - 0.5;
    return 0.1 + 0.4 * Math.sin(2 * Math.PI * 440 * t) + 0.2 * Math.sin(2 * Math.PI * (900 + 3000 * t) * t) + 0.02 * noise;
  });
}

describe("filterbanks", () => {
  // torchaudio 0.13.1 in float64, but for its triangles, which are single floats: compliance.kaldi.fbank(wave - mean, htk_compat=True, sample_frequency=16000, use_energy=False,
  // window_type="hanning", num_mel_bins=.., dither=0, frame_shift=10), as AST calls it.
  test.each([
    [
      128,
      [0, 1, 2, 5, 16, 31, 40, 64, 80, 100, 127],
      [
        [
          -9.461076466, -13.711766931, -10.268365733, -14.750346042, -7.319011261, -8.56163105, 0.583075005, -7.313831715, -6.683439274,
          -3.86159059, -2.882065825,
        ],
        [
          -12.829211088, -14.260282829, -10.81688163, -14.940434381, -7.458395506, -7.065895827, -7.046746656, -3.792062916, -3.95178896,
          -3.598686077, -1.947581281,
        ],
        [
          -10.538588881, -14.307357632, -10.863956434, -14.698299794, -7.379718121, -6.441462759, -9.636177786, -5.688926342, -3.960981648,
          -2.049830275, -3.644033266,
        ],
      ],
      -14767.081484212,
    ],
    [
      32,
      [0, 4, 8, 12, 16, 20, 24, 28, 31],
      [
        [-9.833179917, 1.815043977, -5.539078775, -3.364187523, -4.678647418, -3.565054227, -2.330683826, -1.961412358, -1.134810995],
        [-10.534222336, 1.803952399, -6.297235733, -5.237616264, -0.998357592, -2.437540527, -2.555855615, -1.728545065, -0.553083591],
        [-10.329291721, 1.811944204, -6.176127445, -5.33553958, -4.04933395, -3.286973453, -1.882166582, -1.433090706, -1.385704312],
      ],
      -2031.449124938,
    ],
  ])("of %d bands are torchaudio's", (bands, at, expected, sum) => {
    const found = fbank(wave(), bands);
    expect(found).toHaveLength(23 * bands);
    for (const [row, frame] of [0, 11, 22].entries())
      for (const [i, band] of at.entries()) expect(found[frame * bands + band]).toBeCloseTo(expected[row][i], 4);
    expect(found.reduce((all, v) => all + v, 0)).toBeCloseTo(sum, 1);
  });

  test("of a constant are the logarithm of the smallest power, whatever its height", () => {
    const [quiet, loud] = [0.1, 5].map((v) => fbank(new Float32Array(800).fill(v), 8));
    for (const value of [...quiet, ...loud]) expect(value).toBeCloseTo(Math.log(2 ** -23), 6);
  });

  test("take whole frames alone: one of 400 samples, another each 160; a number of frames tells its samples", () => {
    expect([399, 400, 559, 560, 16_000].map(framesIn)).toEqual([0, 1, 1, 2, 98]);
    for (const frames of [1, 2, 96]) expect(framesIn(samplesIn(frames))).toBe(frames);
    const all = wave();
    expect([...fbank(all, 8, 3)]).toEqual([...fbank(all, 8).subarray(0, 24)]);
    expect(fbank(all.subarray(0, 300), 8)).toHaveLength(0);
  });
});

/** torchaudio 0.13.1 `resample` in float64. */
test.each([
  [8000, 400, [0.498305202, 0.686541061, 0.796967356, 1.025608152, -0.487468268, -0.327545832]],
  [44_100, 73, [0.418413469, 1.259486551, 1.480042304, 0.988115344, 0.86957567, 0.097560087]],
  [48_000, 67, [0.420226489, 1.30633311, 1.455485679, 0.850185963, -1.042375601, 0.222714008]],
  [22_050, 146, [0.453208589, 0.918729002, 1.227497442, 0.216921488, -1.172660403, -0.233741563]],
])("%d samples a second become 16,000 as torchaudio makes them", (rate, count, expected) => {
  const samples = Float32Array.from({ length: 200 }, (_, i) => Math.sin(0.3 * i) + 0.5 * Math.cos((0.05 * i * i) / 10));
  const found = resample(samples, rate, RATE);
  expect(found).toHaveLength(count);
  for (const [i, at] of [0, 1, 2, 17, 40, count - 1].entries()) expect(found[at]).toBeCloseTo(expected[i], 5);
});

test("rates without a common divisor keep a tone, in one filter's worth of memory", () => {
  for (const rate of [44_099, 7_919]) {
    const tone = Float32Array.from({ length: rate }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate));
    const found = resample(tone, rate, RATE);
    expect(found).toHaveLength(RATE);
    for (const at of [4000, 8001, 12_345]) expect(found[at]).toBeCloseTo(Math.sin((2 * Math.PI * 440 * at) / RATE), 2);
  }
});
