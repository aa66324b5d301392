import { refusal } from './failure.ts';
import { parseContextStore, pathParts, setValueAt, valueAt } from './red-util.ts';
import { isThenable } from './run.ts';
import { refuseBeforeMessages } from './setup.ts';
import type { Guest, HeldState } from './state.ts';
import { readValue, setOwn, writeValue } from './wire.ts';

/**
 * context, flow and global. A key is a path as in Node-RED; what stands under its first part is read and written as a whole. There is one
 * store, so names of stores are read over. A callback is called at once.
 */

export type Answer = (error: unknown, ...values: unknown[]) => void;

/** Reading or writing context would make the outcome hang on more than the message: it exists only by a grant. */
export function makeContextApi(guest: Guest, name: string, scope: string): object {
  const held = (method: string): HeldState[string] => {
    const values = guest.current?.state?.[scope];
    if (values) return values;
    refuseBeforeMessages(guest, `${name}.${method}`);
    if (guest.current?.state) {
      const [en, ru] = scope === 'global' ? ['Of all flows', 'Всех потоков'] : ['Of the flow', 'Потока'];
      throw refusal('threw', {
        en: `${name}.${method}: this node's grant for context is narrower. Choose ${en} in the node's settings`,
        ru: `${name}.${method}: доступ этого узла к контексту уже. Выберите «${ru}» в настройках узла`,
      });
    }
    throw refusal('threw', {
      en: `${name}.${method}: this node has no grant for context. Choose it in the node's settings, or keep values in the message`,
      ru: `${name}.${method}: у этого узла нет доступа к контексту. Разрешите его в настройках узла или храните значения в сообщении`,
    });
  };
  const get = (key: unknown): unknown => readPath(guest, held('get'), key);
  const set = (key: unknown, value: unknown): void => {
    const values = held('set');
    const call = guest.current;
    if (!call || call.text !== null) return;
    const [first, whole] = changedPath(guest, values, { key, value });
    const text = whole === undefined ? null : writeValue(guest.wire, whole as object);
    if (text === 'undefined') throw refusal('threw', { en: `${name}.set: a ${typeof whole} cannot be kept`, ru: `${name}.set: значение вида ${typeof whole} нельзя сохранить` });
    setOwn(values, first, text);
    (call.writes ??= new Map()).set(`${scope} ${first}`, JSON.stringify([scope, first, text]));
  };
  const list = (method: string): string[] => Object.keys(held(method)).filter((key) => held(method)[key] !== null);
  return {
    get(key: unknown, store?: unknown, done?: unknown) {
      held('get');
      return answered(callbackOf(store, done), () => (Array.isArray(key) ? key.map(get) : get(key)), Array.isArray(key));
    },
    set(key: unknown, value: unknown, ...rest: unknown[]) {
      held('set');
      return answered(callbackOf(rest[0], rest[1]), () => { setAll(set, key, value); });
    },
    keys(store?: unknown, done?: unknown) {
      held('keys');
      return answered(callbackOf(store, done), () => list('keys'));
    },
    update(key: unknown, change: (before: unknown) => unknown) {
      const keep = (after: unknown): unknown => { set(key, after); return after; };
      const after = change(get(key));
      return isThenable(after) ? (after as Promise<unknown>).then(keep) : keep(after);
    },
  };
}

export function callbackOf(store: unknown, done: unknown): Answer | undefined {
  const callback = done === undefined && typeof store === 'function' ? store : done;
  if (callback === undefined || callback === null) return undefined;
  if (typeof callback !== 'function') throw new TypeError('Callback must be a function');
  return callback as Answer;
}

/** With a callback errors are its first argument, and several values are arguments of their own. */
export function answered(done: Answer | undefined, work: () => unknown, several = false): unknown {
  if (!done) return work();
  let args: unknown[];
  try {
    const value = work();
    args = [undefined, ...(several ? (value as unknown[]) : value === undefined ? [] : [value])];
  } catch (error) {
    args = [error];
  }
  Reflect.apply(done, undefined, args);
  return undefined;
}

export function readPath(guest: Guest, values: HeldState[string], key: unknown): unknown {
  const [first = '', ...rest] = pathParts(parseContextStore(key).key);
  const value = readValue(guest.wire, values, String(first));
  if (rest.length === 0) return value;
  try {
    return valueAt(value, rest);
  } catch {
    return undefined; // as in Node-RED, where only a message must have the parents
  }
}

/** The first part of the key, and what stands under it once the value is set. */
export function changedPath(guest: Guest, values: HeldState[string], { key, value }: { readonly key: unknown; readonly value: unknown }): [string, unknown] {
  const parts = pathParts(parseContextStore(key).key);
  const first = String(parts[0]);
  if (parts.length === 1) return [first, value];
  const root: { [key: string]: unknown } = {};
  setOwn(root, first, readValue(guest.wire, values, first));
  const set = setValueAt(root, [first, ...parts.slice(1)], { value, createMissing: value !== undefined });
  if (!set && value !== undefined) throw new TypeError(`Cannot set "${String(key)}": what stands under "${first}" holds no values`);
  return [first, root[first]];
}

/** A list of keys takes a list of values; those that are missing become null. */
export function setAll(set: (key: unknown, value: unknown) => void, key: unknown, value: unknown): void {
  if (!Array.isArray(key)) { set(key, value); return; }
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  key.forEach((each, at) => { set(each, at < values.length ? values[at] : null); });
}
