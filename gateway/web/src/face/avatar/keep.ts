/** The avatar that was chosen, kept in this browser and nowhere else. A browser that keeps nothing has none the next time. */

export interface KeptAvatar {
  /** Of the file. */
  readonly name: string;
  readonly file: ArrayBuffer;
}

const DATABASE = 'janet.avatar';
const STORE = 'avatar';
const KEY = 'chosen';

/** Null where there is none, or it cannot be had. */
export async function keptAvatar(): Promise<KeptAvatar | null> {
  try {
    const found: unknown = await inStore('readonly', (store) => store.get(KEY));
    return isKept(found) ? found : null;
  } catch {
    return null;
  }
}

/** False where the browser does not keep it. */
export async function keepAvatar(avatar: KeptAvatar): Promise<boolean> {
  try {
    await inStore('readwrite', (store) => store.put(avatar, KEY));
    return true;
  } catch {
    // A private window, or no room.
    return false;
  }
}

export async function forgetAvatar(): Promise<void> {
  try {
    await inStore('readwrite', (store) => store.delete(KEY));
  } catch {
    // Nothing was kept.
  }
}

function isKept(value: unknown): value is KeptAvatar {
  if (typeof value !== 'object' || value === null) return false;
  const { name, file } = value as Partial<Record<keyof KeptAvatar, unknown>>;
  return typeof name === 'string' && file instanceof ArrayBuffer;
}

function inStore<T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    const fail = (): void => reject(new Error('the browser keeps nothing'));
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = opening.onblocked = fail;
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const request = run(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        database.close();
        resolve(request.result);
      };
      transaction.onerror = transaction.onabort = () => {
        database.close();
        fail();
      };
    };
  });
}
