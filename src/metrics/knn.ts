/** Nearest neighbours among features: how well a network that never saw a label tells classes apart. */

/** Rows of features [n, width], and the class of each. */
export interface Labelled {
  features: Float32Array;
  labels: ArrayLike<number>;
  width: number;
}

/** Neighbours that vote, and how sharply their votes fall with distance: DINO's. */
const NEIGHBOURS = 20;
const TEMPERATURE = 0.07;

/**
 * The class of each of `queries`: its nearest rows of the bank by cosine vote with weights exp(cosine / 0.07); of equal votes the
 * lower class wins. Zero rows are as near to anything. Source: eval_knn.py of DINO (after Wu et al., CVPR 2018).
 */
export function nearest(bank: Labelled, queries: Labelled, classes: number, neighbours = NEIGHBOURS): Uint32Array {
  const { width } = bank;
  const [known, asked] = [unit(bank), unit(queries)];
  const cosines = new Float64Array(bank.labels.length);
  return Uint32Array.from({ length: queries.labels.length }, (_, q) => {
    for (let b = 0; b < cosines.length; b++) {
      let dot = 0;
      for (let i = 0; i < width; i++) dot += asked[q * width + i] * known[b * width + i];
      cosines[b] = dot;
    }
    const votes = new Float64Array(classes);
    for (const b of highest(cosines, neighbours)) votes[bank.labels[b]] += Math.exp(cosines[b] / TEMPERATURE);
    return votes.indexOf(Math.max(...votes));
  });
}

/** Indices of the k highest; of equals the first. */
function highest(values: Float64Array, k: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (found.length === k && values[i] <= values[found[k - 1]]) continue;
    let at = Math.min(found.length, k - 1);
    while (at > 0 && values[i] > values[found[at - 1]]) at--;
    found.splice(at, 0, i);
    found.length = Math.min(found.length, k);
  }
  return found;
}

/** Each row divided by its length. */
function unit({ features, width }: Labelled): Float32Array {
  const out = features.slice();
  for (let row = 0; row < out.length; row += width) {
    let square = 0;
    for (let i = 0; i < width; i++) square += out[row + i] ** 2;
    for (let i = 0; i < width; i++) out[row + i] /= Math.sqrt(square) || 1;
  }
  return out;
}
