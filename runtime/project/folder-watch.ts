import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/**
 * Watches a folder and the folders in it, one level deep. Node's own recursive watching follows files rather than folders on
 * Linux, and loses a file that another one replaces, which is how editors and git save.
 */
export class FolderWatch {
  readonly #dir: string;
  readonly #changed: () => void;
  readonly #blind: (reason: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(dir: string, changed: () => void, blind: (reason: string) => void) {
    this.#dir = dir;
    this.#changed = changed;
    this.#blind = blind;
    this.#watchAll();
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watchAll(): void {
    this.#tryWatch(this.#dir);
    for (const entry of readdirSync(this.#dir, { withFileTypes: true })) {
      if (!entry.isFile() && !entry.name.startsWith('.')) this.#tryWatch(join(this.#dir, entry.name));
    }
  }

  #watchAllAgain(): void {
    try {
      this.#watchAll();
    } catch (error) {
      this.#blind(reasonOf(error)); // the folder itself went away
    }
  }

  #tryWatch(path: string): void {
    try {
      if (!this.#watchers.has(path)) this.#watch(path);
    } catch (error) {
      this.#blind(`${path}: ${reasonOf(error)}`);
    }
  }

  #watch(path: string): void {
    const watcher = watch(path, { persistent: false }, (event, name) => this.#saw(path, event, String(name ?? '')));
    this.#watchers.set(path, watcher);
    watcher.on('error', (error) => {
      this.#drop(path);
      if (path === this.#dir) this.#blind(reasonOf(error));
    });
  }

  #saw(path: string, event: string, name: string): void {
    if (name.endsWith('.saving')) return;
    // A folder in the folder came, went or was replaced: a watcher stays with the old one, so it is set anew.
    if (path === this.#dir && event === 'rename') {
      this.#drop(join(path, name));
      this.#watchAllAgain();
    }
    this.#changed();
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
