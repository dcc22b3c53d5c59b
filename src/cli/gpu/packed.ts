/** What a pack runs (see pack.ts): the commands `gpu` and `bench`, without the project around them. */
const COMMANDS: Record<string, () => Promise<{ main(argv: string[]): Promise<number> }>> = {
  gpu: () => import("./gpu"),
  bench: () => import("../bench/bench"),
};

const [word, ...argv] = process.argv.slice(2);
const command = COMMANDS[word];
if (!command) console.error(`usage: ./run ${Object.keys(COMMANDS).join("|")} ...`);
command
  ? command()
      .then(({ main }) => main(argv))
      .then(
        (status) => process.exit(status),
        (error) => {
          console.error(error instanceof Error && "remedy" in error ? error.message : error);
          process.exit(1);
        },
      )
  : process.exit(2);
