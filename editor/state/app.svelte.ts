import { createContext } from 'svelte';
import type { SystemInfo } from '../../runtime/api/contract.ts';
import { api, ApiError } from '../api/client.ts';
import type { Position } from '../model/edit.ts';
import { Catalog } from './catalog.svelte.ts';
import { ConnectionsState } from './connections.svelte.ts';
import { FlowList } from './flows.svelte.ts';
import { Live } from './live.svelte.ts';
import type { Changed } from './live.svelte.ts';
import { Session } from './session.svelte.ts';
import { every } from './timing.ts';
import { Ui } from './ui.svelte.ts';
import { ProjectValues } from './values.svelte.ts';

// Nothing tells of a disk that fills up: it is looked at.
const SYSTEM_LOOK_MS = 5000;

/** What the canvas lends to commands while it is on the screen. */
export interface CanvasTools {
  readonly addNode: () => void;
  /** Where the pointer is in the flow, when it is over the canvas. */
  readonly pointerPlace: () => Position | undefined;
  readonly middlePlace: () => Position | undefined;
  readonly zoomIn: () => void;
  readonly zoomOut: () => void;
  readonly fit: () => void;
}

/** Everything the screens share. `useApp()` answers it in every component. */
export class App {
  readonly catalog = new Catalog();
  readonly live = new Live();
  readonly flows = new FlowList();
  readonly connections = new ConnectionsState(this.live);
  readonly values = new ProjectValues();
  readonly ui = new Ui();
  system = $state.raw<SystemInfo>();
  /** The open flow. */
  session = $state.raw<Session>();
  /** Why the asked-for flow could not be opened. */
  openError = $state.raw<{ readonly flow: string; readonly error: ApiError }>();
  isStarting = $state(true);
  canvasTools: CanvasTools | undefined;
  /** Asks the canvas to bring a node into view and flash it; the count makes the same node twice two requests. */
  revealed = $state.raw<{ readonly node: string; readonly count: number }>();

  /** Loads what every screen needs and opens the flow that the address names, else the last one, else the first. */
  async start(): Promise<void> {
    this.ui.applyTheme();
    this.live.onChanged((what) => void quietly(this.#changed(what)));
    this.live.onReconnect(() => void quietly(this.#catchUp()));
    this.live.onDebug(() => this.ui.openDockOnce());
    this.live.start();
    every(SYSTEM_LOOK_MS, () => void this.#loadSystem());
    globalThis.addEventListener('hashchange', () => void this.#openFromAddress());
    await Promise.all([this.catalog.load(), this.flows.load(), this.connections.load(), this.values.load(), this.#loadSystem()]);
    await this.#openFromAddress();
    this.isStarting = false;
  }

  /** Opens a flow after what is unsaved in the present one has been saved. */
  async open(id: string): Promise<void> {
    if (this.session?.id === id) return;
    await this.session?.save();
    try {
      const answer = await api.getFlow(id);
      this.session?.close();
      this.session = new Session(answer, this.catalog);
      this.openError = undefined;
      this.live.watch(id);
      this.ui.lastFlow = id;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.openError = { flow: id, error };
    }
    this.#showAddress(id);
  }

  /** Leaves the open flow, because it was deleted: the first of the others opens. */
  async leave(): Promise<void> {
    this.session?.close();
    this.session = undefined;
    const next = this.flows.list[0];
    if (next) return this.open(next.id);
    this.live.watch(null);
    this.#showAddress('');
  }

  /** Selects a node and brings it into view. */
  reveal(node: string): void {
    this.session?.selection.set([node]);
    this.revealed = { node, count: (this.revealed?.count ?? 0) + 1 };
  }

  async #openFromAddress(): Promise<void> {
    const named = /^#\/flows\/([^/]+)/.exec(location.hash)?.[1];
    const known = this.ui.lastFlow !== null && this.flows.find(this.ui.lastFlow) ? this.ui.lastFlow : this.flows.list[0]?.id;
    const id = named === undefined ? known : decodeURIComponent(named);
    if (id !== undefined) await this.open(id);
  }

  #showAddress(id: string): void {
    const hash = id === '' ? '#/' : `#/flows/${encodeURIComponent(id)}`;
    if (location.hash !== hash) history.replaceState(null, '', hash);
  }

  async #loadSystem(): Promise<void> {
    try {
      this.system = await api.system();
    } catch (error) {
      // The lists that are loaded beside it show the same failure.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async #catchUp(): Promise<void> {
    await Promise.all([this.catalog.load(), this.flows.load(), this.connections.load(), this.#loadSystem()]);
    await this.#refresh(undefined);
  }

  async #changed(what: Changed): Promise<void> {
    if (what.kind === 'connection') return this.connections.load();
    await this.flows.load();
    if (what.kind === 'flows' || what.id === this.session?.id) await this.#refresh(what.version);
  }

  async #refresh(version: number | undefined): Promise<void> {
    const { session } = this;
    if (!session || this.flows.error) return;
    const listed = this.flows.find(session.id);
    // Deleted elsewhere. What is unsaved here stays on the screen, and saving it says what is the matter.
    if (!listed && session.saveState === 'saved') return this.leave();
    if (listed) await session.refresh(version ?? listed.version);
  }
}

// While the runtime cannot be reached the screen says so; the next word from it starts the same again.
async function quietly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

export const [useApp, setApp] = createContext<App>();
