/** A deep copy of plain data, dates, bytes, maps, sets and errors; cycles stay cycles. Functions cannot be copied, but may be kept as they are. */
export function cloneValue(value: unknown, seen: Map<object, unknown> = new Map(), keepsFunctions = false): unknown {
  if (typeof value === 'function' && keepsFunctions) return value;
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`a ${typeof value} cannot be copied`);
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const special = cloneSpecial(value, seen, keepsFunctions);
  if (special !== undefined) return special;
  const copy: { [key: string]: unknown } | unknown[] = Array.isArray(value) ? new Array<unknown>(value.length) : {};
  seen.set(value, copy);
  for (const key of Object.keys(value)) {
    const each = cloneValue((value as { [key: string]: unknown })[key], seen, keepsFunctions);
    // A data key `__proto__` stays data.
    if (key === '__proto__') Reflect.defineProperty(copy, key, { value: each, writable: true, configurable: true, enumerable: true });
    else (copy as { [key: string]: unknown })[key] = each;
  }
  return copy;
}

export function cloneSpecial(value: object, seen: Map<object, unknown>, keepsFunctions: boolean): unknown {
  const keep = <T>(copy: T): T => { seen.set(value, copy); return copy; };
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) return keep(cloneView(value));
  if (value instanceof Map) {
    const copy = keep(new Map<unknown, unknown>());
    for (const [key, each] of value) copy.set(cloneValue(key, seen, keepsFunctions), cloneValue(each, seen, keepsFunctions));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set<unknown>());
    for (const each of value) copy.add(cloneValue(each, seen, keepsFunctions));
    return copy;
  }
  if (value instanceof Error) {
    const kinds = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
    const Kind = kinds.find((each) => value instanceof each) ?? Error;
    const copy = keep(new Kind(value.message));
    if (copy.name !== value.name) copy.name = value.name;
    return copy;
  }
  return undefined;
}

/** The same kind of view over a copy of just the bytes that it shows. */
export function cloneView(view: ArrayBufferView): ArrayBufferView {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const Kind = view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView;
  const Known: { [name: string]: unknown } = globalThis as unknown as { [name: string]: unknown };
  if (Kind === Known.Buffer) return (Known.Buffer as { from(buffer: ArrayBufferLike): ArrayBufferView }).from(bytes);
  return new Kind(bytes);
}
