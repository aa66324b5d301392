export type Theme = 'light' | 'dark' | 'system';
export type SidePanel = 'nodes' | 'flows' | 'connections' | 'settings';
export type DockTab = 'debug' | 'problems' | 'log';
export type InspectorTab = 'settings' | 'input' | 'output' | 'delivery' | 'help';
export type DialogName = 'import' | 'export' | 'command' | 'shortcuts' | 'deploy';

/** A quiet word about what was done, with a way back. Errors stay on the thing that has them instead. */
export interface Notice { readonly id: number; readonly text: string; readonly action?: { readonly label: string; readonly run: () => void } }

const KEY = 'millrace.ui';

const remembered = {
  panel: 'nodes' as SidePanel | null,
  panelWidth: 232,
  inspectorWidth: 348,
  isInspectorOpen: true,
  isDockOpen: false,
  dockHeight: 234,
  theme: 'system' as Theme,
  lastFlow: null as string | null,
};
type Remembered = typeof remembered;

function stored(): Remembered {
  try {
    return { ...remembered, ...(JSON.parse(globalThis.localStorage?.getItem(KEY) ?? '{}') as Partial<Remembered>) };
  } catch {
    return remembered;
  }
}

export const sizes = {
  panel: { least: 200, most: 420 },
  inspector: { least: 300, most: 640 },
  dock: { least: 120, most: 640 },
} as const;

/** What is open and how wide, remembered by the browser. */
export class Ui {
  #kept = $state(stored());
  dockTab = $state<DockTab>('debug');
  inspectorTab = $state<InspectorTab>('settings');
  /** The flow's own settings stand in the inspector's place. */
  isFlowSettingsOpen = $state(false);
  /** What the stage shows of the open flow. */
  view = $state<'edit' | 'runs' | 'letters' | 'revisions'>('edit');
  /** The run that the view of runs opens with. */
  run = $state<string>();
  /** Dead letters of this node only; empty for all. */
  letterNode = $state('');
  /** Dead letters of this code only; empty for all. */
  letterCode = $state('');
  dialog = $state<DialogName>();
  /** The revision that the person is about to go back to. */
  rollBackTo = $state<number>();
  /** Text that the import dialog opens with, for example what was pasted on the canvas. */
  importText = $state('');
  /** Names what the inspector should show and focus: a field of the selected node. */
  focusField = $state.raw<{ readonly node: string; readonly field: string }>();
  /** Tries the node that the inspector shows; undefined when it cannot be tried. */
  tryNode = $state.raw<() => void>();
  /** Asks for the form of a connection: a new one of this type, or the one with this name. `use` is called with its name when it was saved. */
  connectionForm = $state.raw<{ readonly type?: string; readonly name?: string; readonly use?: (name: string) => void }>();
  /** Counts the requests to put the cursor into the palette's search. */
  findRequests = $state(0);
  notices = $state.raw<readonly Notice[]>([]);
  #noticeCount = 0;
  // The dock opens by itself on the first debug message of a session, and never again.
  #hasDockOpened = false;

  get panel() { return this.#kept.panel; }
  set panel(panel) { this.#keep({ panel }); }
  get panelWidth() { return this.#kept.panelWidth; }
  set panelWidth(panelWidth) { this.#keep({ panelWidth }); }
  get inspectorWidth() { return this.#kept.inspectorWidth; }
  set inspectorWidth(inspectorWidth) { this.#keep({ inspectorWidth }); }
  get isInspectorOpen() { return this.#kept.isInspectorOpen; }
  set isInspectorOpen(isInspectorOpen) { this.#keep({ isInspectorOpen }); }
  get isDockOpen() { return this.#kept.isDockOpen; }
  set isDockOpen(isDockOpen) { this.#keep({ isDockOpen }); }
  get dockHeight() { return this.#kept.dockHeight; }
  set dockHeight(dockHeight) { this.#keep({ dockHeight }); }
  get lastFlow() { return this.#kept.lastFlow; }
  set lastFlow(lastFlow) { this.#keep({ lastFlow }); }
  get theme() { return this.#kept.theme; }
  set theme(theme) {
    this.#keep({ theme });
    this.applyTheme();
  }

  /** Whether the screen is dark now. */
  get isDark(): boolean {
    return this.theme === 'dark' || (this.theme === 'system' && (globalThis.matchMedia?.('(prefers-color-scheme: dark)').matches ?? false));
  }

  applyTheme(): void {
    document.documentElement.dataset['theme'] = this.isDark ? 'dark' : 'light';
  }

  togglePanel(panel: SidePanel): void {
    this.panel = this.panel === panel ? null : panel;
  }

  openDock(tab: DockTab): void {
    this.dockTab = tab;
    this.isDockOpen = true;
  }

  openDockOnce(): void {
    if (this.#hasDockOpened) return;
    this.#hasDockOpened = true;
    if (!this.isDockOpen) this.openDock('debug');
  }

  findNodeType(): void {
    this.panel = 'nodes';
    this.findRequests += 1;
  }

  openFlowSettings(): void {
    this.isFlowSettingsOpen = true;
    this.isInspectorOpen = true;
  }

  showRun(id: string | undefined): void {
    this.run = id;
    this.view = 'runs';
  }

  showLetters(node: string, code = ''): void {
    this.letterNode = node;
    this.letterCode = code;
    this.view = 'letters';
  }

  openImport(text = ''): void {
    this.importText = text;
    this.dialog = 'import';
  }

  notify(text: string, action?: Notice['action']): void {
    this.notices = [...this.notices, { id: ++this.#noticeCount, text, ...(action && { action }) }];
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  #keep(change: Partial<Remembered>): void {
    Object.assign(this.#kept, change);
    globalThis.localStorage?.setItem(KEY, JSON.stringify(this.#kept));
  }
}
