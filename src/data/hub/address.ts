/**
 * How data sets and models of the Hugging Face Hub are named, in addresses and on the command line:
 * `hf:OWNER/NAME`, then perhaps `@REVISION`, `/CONFIG`, `/TRAIN,TEST` (names of splits), and `:2000,500`, the first so many rows of each,
 * or with `,spread` rows from all over the splits. The Hub writes slashes in revisions as %2F.
 */
import { DataError } from "../dataset";
import { HUB_PREFIX, isHubWord } from "./word";

export interface HubAddress {
  /** "owner/name"; the oldest have no owner. */
  name: string;
  revision?: string;
  config?: string;
  /** The splits to learn from and to hold out. */
  train?: string;
  test?: string;
  rows?: { train: number; test: number };
  /** Whether rows are taken from all over a split rather than from its beginning. */
  spread?: boolean;
}

/** Rows of each split where the address does not say. */
export const USUAL_ROWS = { train: 2000, test: 500 };

const SHAPE =
  /^(\w[\w.-]*(?:\/\w[\w.-]*)?)(?:@(\w[^/:@,\s]*))?(?:(?<=\/.*)\/(\w[^/:,@]*)(?:\/(\w[^/:,@]*)(?:,(\w[^/:,@]*))?)?)?(?::(\d{1,9})(?:,(\d{1,9}))?(,spread)?)?$/;

/** Letters of such a word, at most: the time to read one grows with their square. */
const LONGEST = 1000;

/** What a word names. Throws a DataError that says how such words are written. */
export function readHubWord(word: string): HubAddress {
  const found = word.length <= LONGEST ? SHAPE.exec(word.slice(HUB_PREFIX.length)) : null;
  if (!isHubWord(word) || !found)
    throw new DataError(
      `"${word.slice(0, LONGEST)}" is no address of the Hub.`,
      "Write hf:OWNER/NAME, perhaps with @REVISION, /CONFIG/TRAIN,TEST or :2000,500.",
    );
  const [, name, revision, config, train, test, first, held, spread] = found;
  const rows =
    first === undefined ? undefined : { train: Number(first), test: held === undefined ? Math.ceil(Number(first) / 4) : Number(held) };
  if (rows && !(rows.train > 0 && rows.test > 0))
    throw new DataError(`"${word}" asks for no rows.`, "Write how many: hf:OWNER/NAME:2000,500.");
  const given = { revision, config, train, test, rows, spread: spread === undefined ? undefined : true };
  return { name, ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<HubAddress>) };
}

/** The word for an address. */
export function hubWord({ name, revision, config, train, test, rows, spread }: HubAddress): string {
  const splits = train === undefined ? "" : `/${train}${test === undefined ? "" : `,${test}`}`;
  const place = config === undefined ? "" : `/${config}${splits}`;
  const counts =
    rows || spread ? `:${[(rows ?? USUAL_ROWS).train, (rows ?? USUAL_ROWS).test, ...(spread ? ["spread"] : [])].join(",")}` : "";
  return `${HUB_PREFIX}${name}${revision === undefined ? "" : `@${revision}`}${place}${counts}`;
}

/** A model's address, which has a revision at most. */
export function readModelWord(word: string): HubAddress {
  const address = readHubWord(word);
  const { config, rows } = address;
  if (config !== undefined || rows)
    throw new DataError(`"${word}" is no address of a model.`, "Write hf:OWNER/NAME, perhaps with @REVISION.");
  return address;
}
