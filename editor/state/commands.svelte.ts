import { createContext } from 'svelte';
import { isNodeRed } from '../../runtime/flow/node-red.ts';
import { language, t } from '../i18n/index.ts';
import type { PlainKey } from '../i18n/index.ts';
import { titleOf } from '../model/title.ts';
import { GRID } from '../model/placement.ts';
import { connect, copySelection, deleteSelection, duplicateSelection, nudgeSelection, pasteText, selectAll, toggleDisabled } from './actions.ts';
import type { App } from './app.svelte.ts';
import { keyMatches, shown } from './keys.ts';
import type { Key } from './keys.ts';

/** Something a person can do, by its key, in the command palette and in menus. */
export interface Command {
  readonly id: string;
  readonly label: string;
  readonly icon: string;
  /** As shown beside the label. */
  readonly shortcut?: string;
  readonly isDanger?: boolean;
  readonly run: () => unknown;
}
interface Definition {
  readonly id: string;
  readonly label: () => string;
  readonly icon: string;
  readonly keys?: readonly Key[];
  /** The browser's own clipboard events do it; the key is only shown. */
  readonly isByBrowser?: boolean;
  /** Where its key works: anywhere, anywhere but in a text field, or on the canvas only. */
  readonly where: 'anywhere' | 'page' | 'canvas';
  readonly isPossible?: () => boolean;
  readonly isDanger?: boolean;
  readonly run: () => unknown;
}

const ARROWS: { readonly [key: string]: readonly [number, number] } = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Commands {
  readonly #app: App;
  readonly #definitions: readonly Definition[];

  constructor(app: App) {
    this.#app = app;
    this.#definitions = this.#define();
  }

  /** What is possible now, with nodes and flows to go to. */
  get all(): readonly Command[] {
    return [...this.#definitions.filter((each) => each.isPossible?.() ?? true).map(toCommand), ...this.#buttonCommands(), ...this.#wireCommands(), ...this.#places()];
  }

  /** What the menu at the pointer offers. */
  get canvasMenu(): readonly Command[] {
    const some = this.#app.session?.selection.isEmpty === false;
    const ids = some ? ['copy', 'cut', 'paste', 'duplicate', 'disable', 'delete'] : ['add-node', 'paste', 'select-all', 'fit'];
    return this.#definitions.filter((each) => ids.includes(each.id) && (each.isPossible?.() ?? true)).map(toCommand);
  }

  /** The key that runs a command, as people read it. */
  keyOf(id: string): string | undefined {
    const key = this.#definitions.find((each) => each.id === id)?.keys?.[0];
    return key && shown(key);
  }

  /** A key before the element under it has it: a focused button would take Ctrl Enter for itself. Text fields come first, as they may have something to commit. */
  readonly earlyKey = (event: KeyboardEvent): void => {
    const place = placeOf(event.target);
    if ((event.ctrlKey || event.metaKey) && (place === 'canvas' || place === 'page') && this.#run(place, event)) event.stopPropagation();
  };

  readonly key = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    const place = placeOf(event.target);
    if (place === 'elsewhere' || this.#run(place, event)) return;
    if (place === 'canvas' && event.key === 'Escape') this.#app.session?.selection.clear();
    else if (place === 'canvas') this.arrow(event);
  };

  #run(place: Exclude<Place, 'elsewhere'>, event: KeyboardEvent): boolean {
    const command = this.#definitions.find((each) => !each.isByBrowser && isWithin(place, each.where) && each.keys?.some((key) => keyMatches(key, event)));
    if (!command || command.isPossible?.() === false) return false;
    event.preventDefault();
    command.run();
    return true;
  }

  /** Arrow keys on the canvas, before the drawing library has them: it would pull cards to its grid sideways too. */
  readonly arrow = (event: KeyboardEvent): void => {
    const { session } = this.#app;
    const direction = ARROWS[event.key];
    if (!session || !direction || session.selection.nodes.size === 0 || event.ctrlKey || event.metaKey || placeOf(event.target) !== 'canvas') return;
    event.preventDefault();
    event.stopPropagation();
    const step = GRID * (event.shiftKey ? 4 : 1);
    nudgeSelection(session, [direction[0] * step, direction[1] * step]);
  };

  readonly copy = (event: ClipboardEvent): void => {
    const text = this.#clipboardText(event);
    if (text === undefined) return;
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    this.#app.ui.notify(t('canvas.copied', { n: this.#app.session?.selection.nodes.size ?? 0 }));
  };

  readonly cut = (event: ClipboardEvent): void => {
    const text = this.#clipboardText(event);
    if (text === undefined || !this.#app.session) return;
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    deleteSelection(this.#app.session);
  };

  readonly paste = (event: ClipboardEvent): void => {
    if (placeOf(event.target) === 'text' || placeOf(event.target) === 'elsewhere') return;
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (text !== '') event.preventDefault();
    this.#pasteText(text);
  };

  #clipboardText(event: ClipboardEvent): string | undefined {
    const place = placeOf(event.target);
    const isSelectedText = (getSelection()?.toString() ?? '') !== '';
    return (place === 'canvas' || place === 'page') && !isSelectedText && this.#app.session ? copySelection(this.#app.session) : undefined;
  }

  #pasteText(text: string): void {
    const { session, ui, canvasTools } = this.#app;
    if (!session || text === '' || pasteText(session, text, canvasTools?.pointerPlace())) return;
    if (isImport(text)) ui.openImport(text);
    else ui.notify(t('canvas.paste-unknown'));
  }

  // The buttons at the cards, without a pointer.
  #buttonCommands(): readonly Command[] {
    const { session, catalog } = this.#app;
    if (session?.state !== 'live') return [];
    return Object.entries(session.flow.nodes).flatMap(([id, { type, disabled }]) => {
      if (!catalog.node(type)?.button || disabled || !session.live?.flow.nodes[id]) return [];
      return [{ id: `inject ${id}`, label: t('canvas.inject', { node: this.#titleOf(id) }), icon: 'play', run: () => session.inject(id) }];
    });
  }

  // Without a pointer a wire is drawn by naming its end.
  #wireCommands(): readonly Command[] {
    const { session, catalog } = this.#app;
    const from = session?.selection.node;
    const node = from === undefined ? undefined : session?.flow.nodes[from];
    const output = node && Object.keys(catalog.node(node.type)?.outputs.fixed ?? {})[0];
    if (!session || from === undefined || output === undefined) return [];
    return Object.entries(session.flow.nodes).flatMap(([id, to]) => {
      const input = Object.keys(catalog.node(to.type)?.inputs ?? {})[0];
      if (id === from || input === undefined) return [];
      return [{ id: `wire ${id}`, label: t('shell.wire-to', { node: this.#titleOf(id) }), icon: 'spline', run: () => connect(session, `${from}.${output}`, `${id}.${input}`) }];
    });
  }

  #places(): readonly Command[] {
    const { session, flows } = this.#app;
    return [
      ...Object.keys(session?.flow.nodes ?? {}).map((id) => ({ id: `node ${id}`, label: t('shell.go-node', { node: this.#titleOf(id) }), icon: 'crosshair', run: () => this.#app.reveal(id) })),
      ...flows.list.filter((flow) => flow.id !== session?.id).map((flow) => ({ id: `flow ${flow.id}`, label: t('shell.open-flow', { flow: flow.name }), icon: 'workflow', run: () => this.#app.open(flow.id) })),
    ];
  }

  #titleOf(id: string): string {
    const node = this.#app.session?.flow.nodes[id];
    return node ? titleOf(id, node, this.#app.catalog.node(node.type)?.title[language.current]) : id;
  }

  #define(): readonly Definition[] {
    const app = this.#app;
    const { ui } = app;
    const label = (key: PlainLabel) => () => t(key);
    const inFlow = (run: (session: NonNullable<App['session']>) => unknown) => () => app.session && run(app.session);
    const hasFlow = (): boolean => app.session !== undefined;
    const hasSelection = (): boolean => app.session?.selection.isEmpty === false;
    const hasNodes = (): boolean => (app.session?.selection.nodes.size ?? 0) > 0;
    return [
      { id: 'deploy', label: label('shell.deploy'), icon: 'rocket', keys: ['Ctrl+Enter'], where: 'anywhere', isPossible: hasFlow, run: inFlow(async (session) => { if (!(await session.deployUnlessItHarms())) ui.dialog = 'deploy'; }) },
      { id: 'stop', label: label('shell.stop'), icon: 'circle-stop', where: 'page', isPossible: () => app.session?.state === 'live', run: inFlow((session) => session.stop()) },
      { id: 'start', label: label('shell.start'), icon: 'circle-play', where: 'page', isPossible: () => app.session?.state === 'stopped', run: inFlow((session) => session.start()) },
      { id: 'try-node', label: label('shell.try-node'), icon: 'play', keys: ['Ctrl+Shift+Enter'], where: 'anywhere', isPossible: () => ui.tryNode !== undefined, run: () => ui.tryNode?.() },
      { id: 'undo', label: label('shell.undo'), icon: 'undo-2', keys: ['Ctrl+Z'], where: 'page', isPossible: () => app.session?.canUndo ?? false, run: inFlow((session) => session.undo()) },
      { id: 'redo', label: label('shell.redo'), icon: 'redo-2', keys: ['Ctrl+Shift+Z', 'Ctrl+Y'], where: 'page', isPossible: () => app.session?.canRedo ?? false, run: inFlow((session) => session.redo()) },
      { id: 'add-node', label: label('canvas.menu-add'), icon: 'plus', keys: ['N'], where: 'page', isPossible: hasFlow, run: () => app.canvasTools?.addNode() },
      { id: 'find-node', label: label('shell.find-type'), icon: 'search', keys: ['/'], where: 'page', run: () => ui.findNodeType() },
      { id: 'copy', label: label('canvas.menu-copy'), icon: 'copy', keys: ['Ctrl+C'], isByBrowser: true, where: 'canvas', isPossible: hasNodes, run: inFlow((session) => navigator.clipboard.writeText(copySelection(session) ?? '')) },
      { id: 'cut', label: label('canvas.menu-cut'), icon: 'scissors', keys: ['Ctrl+X'], isByBrowser: true, where: 'canvas', isPossible: hasNodes, run: inFlow((session) => navigator.clipboard.writeText(copySelection(session) ?? '').then(() => deleteSelection(session))) },
      { id: 'paste', label: label('canvas.menu-paste'), icon: 'clipboard-paste', keys: ['Ctrl+V'], isByBrowser: true, where: 'canvas', isPossible: hasFlow, run: () => navigator.clipboard.readText().then((text) => this.#pasteText(text)) },
      { id: 'duplicate', label: label('canvas.menu-duplicate'), icon: 'copy-plus', keys: ['Ctrl+D'], where: 'canvas', isPossible: hasNodes, run: inFlow(duplicateSelection) },
      { id: 'disable', label: label('shell.toggle-disabled'), icon: 'power', keys: ['E'], where: 'canvas', isPossible: hasSelection, run: inFlow(toggleDisabled) },
      { id: 'delete', label: label('canvas.menu-delete'), icon: 'trash-2', keys: ['Delete', 'Backspace'], where: 'canvas', isDanger: true, isPossible: hasSelection, run: inFlow(deleteSelection) },
      { id: 'select-all', label: label('canvas.menu-select-all'), icon: 'square-dashed', keys: ['Ctrl+A'], where: 'canvas', isPossible: hasFlow, run: inFlow(selectAll) },
      { id: 'fit', label: label('canvas.fit'), icon: 'maximize', keys: ['F'], where: 'page', isPossible: hasFlow, run: () => app.canvasTools?.fit() },
      { id: 'zoom-in', label: label('canvas.zoom-in'), icon: 'zoom-in', keys: ['+', '='], where: 'page', isPossible: hasFlow, run: () => app.canvasTools?.zoomIn() },
      { id: 'zoom-out', label: label('canvas.zoom-out'), icon: 'zoom-out', keys: ['-'], where: 'page', isPossible: hasFlow, run: () => app.canvasTools?.zoomOut() },
      { id: 'view-edit', label: label('shell.view-edit'), icon: 'pencil', where: 'page', isPossible: hasFlow, run: () => (ui.view = 'edit') },
      { id: 'view-runs', label: label('shell.view-runs'), icon: 'history', where: 'page', isPossible: hasFlow, run: () => ui.showRun(undefined) },
      { id: 'view-letters', label: label('shell.view-letters'), icon: 'inbox', where: 'page', isPossible: hasFlow, run: () => ui.showLetters('') },
      { id: 'view-revisions', label: label('shell.view-revisions'), icon: 'git-compare', where: 'page', isPossible: hasFlow, run: () => (ui.view = 'revisions') },
      { id: 'flow-settings', label: label('shell.flow-settings'), icon: 'sliders-horizontal', where: 'page', isPossible: hasFlow, run: () => ui.openFlowSettings() },
      { id: 'import', label: label('shell.import'), icon: 'upload', where: 'page', run: () => ui.openImport() },
      { id: 'export', label: label('shell.export'), icon: 'download', where: 'page', run: () => (ui.dialog = 'export') },
      { id: 'panel-nodes', label: label('shell.panel-nodes'), icon: 'shapes', keys: ['Ctrl+B'], where: 'anywhere', run: () => ui.togglePanel('nodes') },
      { id: 'panel-flows', label: label('shell.panel-flows'), icon: 'workflow', where: 'page', run: () => ui.togglePanel('flows') },
      { id: 'panel-connections', label: label('shell.panel-connections'), icon: 'plug-zap', where: 'page', run: () => ui.togglePanel('connections') },
      { id: 'panel-settings', label: label('shell.panel-settings'), icon: 'settings', where: 'page', run: () => ui.togglePanel('settings') },
      { id: 'inspector', label: label('shell.toggle-inspector'), icon: 'panel-right', keys: ['Ctrl+I'], where: 'anywhere', run: () => (ui.isInspectorOpen = !ui.isInspectorOpen) },
      { id: 'dock', label: label('shell.toggle-dock'), icon: 'panel-bottom', keys: ['Ctrl+J'], where: 'anywhere', run: () => (ui.isDockOpen = !ui.isDockOpen) },
      { id: 'theme', label: label('shell.theme'), icon: 'moon', where: 'page', run: () => (ui.theme = ui.isDark ? 'light' : 'dark') },
      { id: 'language', label: label('shell.language'), icon: 'languages', where: 'page', run: () => (language.current = language.current === 'en' ? 'ru' : 'en') },
      { id: 'command', label: label('shell.command'), icon: 'terminal', keys: ['Ctrl+K'], where: 'anywhere', run: () => (ui.dialog = ui.dialog === 'command' ? undefined : 'command') },
    ];
  }
}

type PlainLabel = Extract<PlainKey, `shell.${string}` | `canvas.${string}`>;

function toCommand(definition: Definition): Command {
  const key = definition.keys?.[0];
  return {
    id: definition.id, label: definition.label(), icon: definition.icon, run: definition.run,
    ...(key !== undefined && { shortcut: shown(key) }), ...(definition.isDanger && { isDanger: true }),
  };
}

type Place = 'canvas' | 'page' | 'text' | 'elsewhere';

/** Where a key was pressed: dialogs, menus and lists keep theirs to themselves. */
function placeOf(target: EventTarget | null): Place {
  if (!(target instanceof Element) || target === document.body) return 'canvas';
  if (target.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return 'elsewhere';
  if (target.closest('input:not([type="checkbox"]):not([type="radio"]), textarea, select, [contenteditable="true"]')) return 'text';
  return target.closest('.surface') ? 'canvas' : 'page';
}

function isWithin(place: Place, where: Definition['where']): boolean {
  return where === 'anywhere' || (where === 'page' && place !== 'text') || (where === 'canvas' && place === 'canvas');
}

function isImport(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isNodeRed(value) || (typeof value === 'object' && value !== null && 'format' in value);
  } catch {
    return false;
  }
}

export const [useCommands, setCommands] = createContext<Commands>();
