/** What a visitor says before a claim is put to the test here: a guess, and how many pairs of runs. */
import { useState } from "react";
import type { Agreement } from "../../metrics/paired";
import type { Measured } from "../../tasks/claims";
import { experiments } from "../state/app";
import { GUESSES } from "../state/outcome";
import { toTraining } from "./file";

const SEEDS = [1, 3, 5];

export function Repeat({ claim: { title, paper, address, pair } }: { claim: Measured }) {
  const [guess, setGuess] = useState<Agreement>();
  const [seeds, setSeeds] = useState(3);
  if (!pair) return null;
  const start = () => {
    experiments.start({ title, paper, guess, seeds, claimed: pair.claimed, cases: [address, pair.address] });
    toTraining();
  };
  return (
    <details className="repeat">
      <summary>Try it here</summary>
      <label>
        I expect{" "}
        <select value={guess ?? ""} onChange={({ target }) => setGuess((target.value || undefined) as Agreement | undefined)}>
          <option value="">no guess</option>
          {Object.entries(GUESSES).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        Seeds{" "}
        <select value={seeds} onChange={({ target }) => setSeeds(Number(target.value))}>
          {SEEDS.map((count) => (
            <option key={count}>{count}</option>
          ))}
        </select>
      </label>
      <button type="button" onClick={start}>
        Start {2 * seeds} runs
      </button>
    </details>
  );
}
