/**
 * A key-value store in IndexedDB that page and worker share. Browsers may refuse it (private windows): reading then finds
 * nothing and writing says so, because nobody's training should end over that.
 */
const DATABASE = "masked-distillation-playground";
const TABLE = "values";

/** A newer version of this page that keeps things in another way has a higher number: an older page then leaves all of it as it is. */
const VERSION = 1;

let opened: Promise<IDBDatabase> | undefined;

/** A browser whose storage is broken may never answer. */
const PATIENCE_MS = 5000;

/** The database, opened once. One that could not be opened is tried again by the next who wants it; one that never answered is waited for. */
function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("The browser's storage does not answer.")), PATIENCE_MS);
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    request.onsuccess = () => {
      opened = Promise.resolve(untilClosed(request.result));
      resolve(opened);
    };
    request.onerror = () => {
      opened = undefined;
      reject(request.error);
    };
  });
  return opened;
}

/** Browsers clear what is stored when they run short; another tab may erase it, or bring a newer version. Then it is opened anew. */
function untilClosed(database: IDBDatabase): IDBDatabase {
  database.onclose = close;
  database.onversionchange = () => {
    database.close();
    close();
  };
  return database;
}

const close = (): void => {
  opened = undefined;
};

/** Whether a newer version of this page has been here, so that this one can neither read nor write. */
export const isNewer = (): Promise<boolean> =>
  database().then(
    () => false,
    (error: Error) => error.name === "VersionError",
  );

async function begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
  try {
    return (await database()).transaction(TABLE, mode);
  } catch (error) {
    if ((error as Error).name !== "InvalidStateError") throw error;
    // It was closed under the page, and nobody said so.
    close();
    return (await database()).transaction(TABLE, mode);
  }
}

async function carryOut<T>(mode: IDBTransactionMode, ask: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = await begin(mode);
  const request = ask(transaction.objectStore(TABLE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

/** What was stored under a key; undefined when there is nothing, or no storage. */
export async function recall<T>(key: string): Promise<T | undefined> {
  return carryOut("readonly", (table) => table.get(key)).catch(() => undefined);
}

/** Writes, and tells other tabs and workers which value is another one now; false when the browser refuses. */
function write<T>(key: string | undefined, ask: (table: IDBObjectStore) => IDBRequest<T>): Promise<boolean> {
  return carryOut("readwrite", ask).then(
    () => {
      tell(key);
      return true;
    },
    () => false,
  );
}

/** Stores a structured-cloneable value; false when the browser refuses. */
export const keep = (key: string, value: unknown): Promise<boolean> => write(key, (table) => table.put(value, key));

export async function forget(key: string): Promise<void> {
  await write(key, (table) => table.delete(key));
}

/** Writes other values in the transaction of one that is altered: either all of them are written, or none. */
export interface Beside {
  put(key: string, value: unknown): void;
  delete(key: string): void;
}

/**
 * Replaces a value by what `edit` makes of it, in one transaction: no other tab writes in between. Returns the new value;
 * undefined when the browser refuses, and then the value before stays.
 */
export async function alter<T>(key: string, edit: (before: T | undefined, beside: Beside) => T): Promise<T | undefined> {
  let after: T | undefined;
  const ask = (table: IDBObjectStore) => {
    const read = table.get(key);
    read.onsuccess = () => {
      after = edit(read.result, { put: (other, value) => void table.put(value, other), delete: (other) => void table.delete(other) });
      table.put(after, key);
    };
    return read;
  };
  return (await write(key, ask)) ? after : undefined;
}

/** Erases every value; false when the browser refuses. */
export const erase = (): Promise<boolean> => write(undefined, (table) => table.clear());

let channel: BroadcastChannel | undefined;

/** Browsers without channels have their lists refreshed when a tab is shown again. */
function open(): BroadcastChannel | undefined {
  if ("BroadcastChannel" in globalThis) channel ??= new BroadcastChannel(DATABASE);
  return channel;
}

const tell = (key: string | undefined): void => open()?.postMessage(key);

export function onChange(listener: (key: string | undefined) => void): void {
  open()?.addEventListener("message", ({ data }) => listener(data));
}

/** Where values lie by key; tests bring their own. */
export interface KeyValueStore {
  /** What was stored under a key; undefined when there is nothing, or no storage. */
  recall<T>(key: string): Promise<T | undefined>;
  /** Stores a structured-cloneable value; false when that is refused. */
  keep(key: string, value: unknown): Promise<boolean>;
  forget(key: string): Promise<void>;
  /** Replaces a value, and others beside it, with no other tab in between; undefined when that is refused, and then nothing is written. */
  alter<T>(key: string, edit: (before: T | undefined, beside: Beside) => T): Promise<T | undefined>;
  /** Erases every value; false when that is refused. */
  erase(): Promise<boolean>;
  /** Whether a newer version of this page has been here: nothing can be read or written then. */
  isNewer(): Promise<boolean>;
  /** Calls back when another tab or worker has changed a value: which one, or none where all were erased. */
  onChange(listener: (key: string | undefined) => void): void;
}

/** The browser's own. */
export const browserStore: KeyValueStore = { recall, keep, forget, alter, erase, isNewer, onChange };
