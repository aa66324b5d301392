import { decodeBody, encodeBody } from '../journal/codec.ts';
import type { ContextRow } from '../journal/rows.ts';
import { limits } from '../limits.ts';
import type { NodeState, StateScope, StateView } from '../sdk/context.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import { sizeOf, type Shelf } from './states.ts';

/** Who writes, and the widest scope that its type declares. */
interface Place { readonly node: string; readonly widest: StateScope }
interface Shelves { readonly own: Shelf; readonly global: Shelf }
type Change = Omit<ContextRow, 'at'>;

/** What one call sees and writes of the context. Nobody else sees it before the results of the call are committed. */
export class Draft implements NodeState {
  readonly #place: Place;
  readonly #shelves: Shelves;
  readonly #views = new Map<StateScope, View>();
  #closed = false;

  constructor(place: Place, shelves: Shelves) {
    this.#place = place;
    this.#shelves = shelves;
  }

  get node(): StateView { return this.#view('node'); }
  get flow(): StateView { return this.#view('flow'); }
  get global(): StateView { return this.#view('global'); }

  /** The call has ended: what it writes later is not heard. */
  close(): void { this.#closed = true; }
  get closed(): boolean { return this.#closed; }

  changes(): Change[] { return [...this.#views.values()].flatMap((view) => view.changes()); }

  /** By how many characters a shelf grows. */
  grownBy(shelf: Shelf): number {
    return [...this.#views.values()].reduce((sum, view) => (view.shelf === shelf ? sum + view.grown : sum), 0);
  }

  #view(scope: StateScope): View {
    const { node, widest } = this.#place;
    if (WIDTH[scope] > WIDTH[widest]) throw notDeclared(node, scope);
    let view = this.#views.get(scope);
    if (!view) this.#views.set(scope, (view = new View(this, scope === 'global' ? this.#shelves.global : this.#shelves.own, scope === 'node' ? node : '')));
    return view;
  }
}

const WIDTH = { node: 0, flow: 1, global: 2 } as const;

class View implements StateView {
  readonly shelf: Shelf;
  /** Characters more than before. */
  grown = 0;
  readonly #draft: Draft;
  readonly #node: string;
  /** null: deleted. */
  readonly #changed = new Map<string, string | null>();
  #more = 0;

  constructor(draft: Draft, shelf: Shelf, node: string) {
    this.#draft = draft;
    this.shelf = shelf;
    this.#node = node;
  }

  get<T>(key: string): T | undefined {
    const text = this.#text(key);
    return text === null ? undefined : decodeBody(text) as T;
  }
  set(key: string, value: unknown): void {
    if (value === undefined) this.delete(key);
    else this.#put(key, textOf(key, value));
  }
  delete(key: string): void { this.#put(key, null); }
  keys(): string[] {
    const found = new Set(this.shelf.keys(this.#node));
    for (const [key, text] of this.#changed) {
      if (text === null) found.delete(key);
      else found.add(key);
    }
    return [...found];
  }
  update<T>(key: string, change: (before: T | undefined) => T | undefined): T | undefined {
    const after = change(this.get<T>(key));
    this.set(key, after);
    return after;
  }

  changes(): Change[] { return [...this.#changed].map(([key, value]) => ({ flow: this.shelf.flow, node: this.#node, key, value })); }

  #text(key: string): string | null {
    const changed = this.#changed.get(key);
    return changed === undefined ? this.shelf.find(this.#node, key) : changed;
  }

  #put(key: string, text: string | null): void {
    if (this.#draft.closed) return;
    const before = this.#text(key);
    const growth = sizeOf(key, text) - sizeOf(key, before);
    const more = Number(text !== null) - Number(before !== null);
    if (text !== null) this.#refuseBeyond({ key, growth, more });
    this.#changed.set(key, text);
    this.grown += growth;
    this.#more += more;
  }

  #refuseBeyond({ key, growth, more }: { readonly key: string; readonly growth: number; readonly more: number }): void {
    if (key.length === 0 || key.length > limits.contextKeyChars) throw badKey(key);
    if (more > 0 && this.shelf.count(this.#node) + this.#more + more > limits.contextKeysMax) throw full(key, { en: `the scope has ${limits.contextKeysMax} keys already`, ru: `в области уже ${limits.contextKeysMax} ключей` });
    if (growth > 0 && this.shelf.chars + this.#draft.grownBy(this.shelf) + growth > limits.contextChars) throw full(key, { en: `all values together may take ${limits.contextChars} characters`, ru: `все значения вместе могут занимать ${limits.contextChars} символов` });
  }
}

/** A value as it is kept. */
export function textOf(key: string, value: unknown): string {
  const text = encoded(key, value);
  if (text.length <= limits.contextValueChars) return text;
  throw new NodeFailure('context.value', {
    en: `writing "${key}" to the context: the value has ${text.length} characters, ${limits.contextValueChars} are allowed; keep large data in a file or a database`,
    ru: `запись «${key}» в контекст: в значении ${text.length} символов, допустимо ${limits.contextValueChars}; храните большие данные в файле или базе данных`,
  });
}

function encoded(key: string, value: unknown): string {
  const refused = (reason: string): NodeFailure => new NodeFailure('context.value', {
    en: `writing "${key}" to the context: the value cannot be kept (${reason})`, ru: `запись «${key}» в контекст: значение нельзя сохранить (${reason})`,
  });
  try {
    const text = encodeBody(value as object) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) { throw refused((error as Error).message); }
  throw refused(typeof value);
}

const shortened = (key: string): string => key.slice(0, limits.contextKeyChars);

function badKey(key: string): NodeFailure {
  return new NodeFailure('context.key', {
    en: `writing "${shortened(key)}" to the context: a key has 1 to ${limits.contextKeyChars} characters`,
    ru: `запись «${shortened(key)}» в контекст: в ключе от 1 до ${limits.contextKeyChars} символов`,
  });
}

function full(key: string, reason: { readonly en: string; readonly ru: string }): NodeFailure {
  return new NodeFailure('context.full', { en: `writing "${key}" to the context: ${reason.en}`, ru: `запись «${key}» в контекст: ${reason.ru}` });
}

function notDeclared(node: string, scope: StateScope): NodeFailure {
  return new NodeFailure('context.not-declared', {
    en: `using ${scope} context in node ${node}: its type does not declare that it does`,
    ru: `использование контекста (${scope}) в узле ${node}: его тип этого не объявляет`,
  });
}

/** A node whose type declares no state at all reached for it. */
export const noState = (node: string): NodeFailure => notDeclared(node, 'node');
