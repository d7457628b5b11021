import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Every file below a folder by its content, for a look before and one after. Links are followed. @param unread names that are left out. */
export function filesOf(folder: string, unread: readonly string[] = []): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const visit = (path: string): void => {
    for (const name of readdirSync(path)) {
      if (unread.includes(name)) continue;
      const child = join(path, name);
      if (statSync(child).isDirectory()) visit(child);
      else found[relative(folder, child)] = createHash('sha256').update(readFileSync(child)).digest('hex');
    }
  };
  visit(folder);
  return found;
}

/** All that a coordinator has stored but the audit log, which is to grow, and who leads. */
export function storedIn(dataFolder: string): { readonly records: unknown; readonly events: unknown } {
  const database = new DatabaseSync(join(dataFolder, 'store.db'), { readOnly: true });
  try {
    return {
      records: database.prepare('SELECT key, value, revision FROM records ORDER BY key').all(),
      events: database.prepare("SELECT name, sequence, event FROM events JOIN streams ON id = stream_id WHERE name != 'audit' ORDER BY name, sequence").all(),
    };
  } finally {
    database.close();
  }
}
