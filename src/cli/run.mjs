/**
 * Runs a TypeScript command in Node:
 *
 *   node src/cli/run.mjs src/cli/bench/bench.ts --task x
 *
 * The command exports `main(argv)`. Its number, if any, is the exit status; the process ends with it even if the GPU
 * binding still keeps timers.
 */
import { load } from "./load.mjs";

/** @param {string} file @param {string[]} argv @returns {Promise<number>} */
async function run(file, argv) {
  const command = await load(file);
  if (typeof command.main !== "function") throw new Error(`${file} exports no main(argv)`);
  return (await command.main(argv)) ?? 0;
}

const [file, ...argv] = process.argv.slice(2);
if (!file) {
  console.error("usage: node src/cli/run.mjs <command.ts> [arguments]");
  process.exit(2);
}
run(file, argv).then(
  (code) => process.exit(code),
  (error) => {
    // An error that says what to do is for a person; any other is for developers.
    console.error(error instanceof Error && "remedy" in error ? error.message : error);
    process.exit(1);
  },
);
