/** What the fuzzer knows of a reader, and how much memory one may take. */
import type { SourceFile } from "../data/files";
import type { Draws } from "./draws";

export interface Reader {
  name: string;
  make(draws: Draws): SourceFile[];
  /** Rejects with an EngineError what it refuses, and what is accepted and unsound with an error of another kind. */
  read(input: SourceFile[]): Promise<unknown>;
  /** Bytes that it may take for each byte of its input, beside `ROOM`: 64 by default. */
  times?: number;
}

/** Bytes that any reader may take, whatever the size of its input. */
const ROOM = 2 ** 26;

/** Bytes of an input: contents and names. */
export const sizeOf = (files: SourceFile[]): number => files.reduce((sum, { size, path }) => sum + size + path.length, 0);

/** Most bytes that a reader may take for an input. */
export const allowance = ({ times = 64 }: Reader, input: SourceFile[]): number => ROOM + times * sizeOf(input);
