import { limits } from '../limits.ts';
import type { Connections } from './connections.ts';
import type { Deploys } from './deploys.ts';
import type { Drafts } from './drafts.ts';
import type { FolderWatch } from './folder-watch.ts';
import type { FlowsFolder } from './flows-folder.ts';
import type { Parts } from './parts.ts';

const BY = { name: 'files' };

export interface FilesOptions {
  readonly parts: Parts;
  readonly folder: FlowsFolder;
  readonly drafts: Drafts;
  readonly deploys: Deploys;
  readonly connections: Connections;
  /** Headless: every flow in the folder runs, unless a person stopped it since the start. */
  readonly autoDeploy: boolean;
}

/** Keeps drafts, connections and what runs in step with a flows folder. */
export class Files {
  readonly #o: FilesOptions;
  #watch: FolderWatch | undefined;
  #cancelTimer: (() => void) | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: FilesOptions) { this.#o = options; }

  /** Takes over what the folder holds; answers the flows whose files changed since they were last seen. */
  async open(): Promise<ReadonlySet<string>> {
    const { connections, drafts } = this.#o;
    await connections.recover();
    await drafts.recover();
    await connections.sync();
    const changed = new Set<string>();
    for (const id of await this.#ids()) {
      const news = await drafts.follow(id);
      if (news === 'changed') changed.add(id);
      if (news === 'broken') this.#tellBroken(id);
    }
    return changed;
  }

  watch(): void {
    const { folder, parts } = this.#o;
    this.#watch = folder.watch(() => this.#soon(), parts.log);
  }
  async close(): Promise<void> {
    this.#watch?.close();
    this.#cancelTimer?.();
    await this.#reading;
  }

  /** Reads the folder again and deploys what changed where that is wanted. A file that is wrong leaves what runs alone. */
  async follow(): Promise<void> {
    const { parts, connections } = this.#o;
    try {
      await connections.followFile();
      for (const id of await this.#ids()) await parts.serial.run(id, () => this.#followOne(id));
    } catch (error) {
      parts.log('error', `reading the flows folder ${this.#o.folder.dir}: ${reasonOf(error)}; it is read again at its next change`);
    }
  }

  async #gone(id: string): Promise<void> {
    const { host } = this.#o.parts;
    await host.stop(id);
    await host.know(id, undefined);
  }

  async #followOne(id: string): Promise<void> {
    const { parts, drafts } = this.#o;
    const news = await drafts.follow(id);
    if (news === 'gone') await this.#gone(id);
    if (news === 'broken') this.#tellBroken(id);
    if (news !== 'changed') return;
    const live = await parts.store.findLive(id);
    if (live ? live.enabled : this.#o.autoDeploy) await this.deploy(id);
  }

  /** False when the draft was refused, with the reason in the log. */
  async deploy(id: string): Promise<boolean> {
    const { parts, drafts, deploys } = this.#o;
    try {
      const { draft, flow } = await drafts.get(id);
      drafts.refuseBroken(id);
      await deploys.deploy(flow, draft.text, BY);
      return true;
    } catch (error) {
      parts.log('error', `deploying the flow ${id} from its file: ${reasonOf(error)}`, { flow: id });
      return false;
    }
  }

  async #ids(): Promise<string[]> {
    return [...new Set([...await this.#o.drafts.ids(), ...this.#o.folder.flowIds()])].sort();
  }

  #tellBroken(id: string): void {
    const problems = this.#o.drafts.brokenFile(id) ?? [];
    this.#o.parts.log('warn', `reading the flow ${id} from its file: ${problems.map((each) => each.message.en).join('; ')}; what runs goes on`, { flow: id });
  }

  /** Once, when the folder has been quiet for a moment: one save of an editor is several changes. */
  #soon(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#o.parts.clock.after(limits.filesSettleMs, () => {
      this.#reading = this.#reading.then(() => this.follow());
    });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
