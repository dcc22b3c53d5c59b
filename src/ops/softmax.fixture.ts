/** Float64 softmax for the tests of the ops built on it. */

/** log softmax of each row of `cols` numbers. */
export function logSoftmax64(x: ArrayLike<number>, cols: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let r = 0; r < x.length; r += cols) {
    const row = Array.from({ length: cols }, (_, c) => x[r + c]);
    const largest = Math.max(...row);
    const logSum = Math.log(row.reduce((sum, v) => sum + Math.exp(v - largest), 0));
    for (let c = 0; c < cols; c++) y[r + c] = row[c] - largest - logSum;
  }
  return y;
}

/** Softmax of each row of `cols` numbers. */
export const softmax64 = (x: ArrayLike<number>, cols: number): Float64Array => logSoftmax64(x, cols).map(Math.exp);
