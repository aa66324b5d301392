export type Constructor = new (...args: never[]) => unknown;

/** Takes away what the walls cannot hold, and freezes the language's own objects, so that no message leaves anything for the next. */
export function removeDangerous(): void {
  const scope = globalThis as unknown as { [name: string]: unknown };
  // WebAssembly, shared and resizable memory escape the isolate's memory limit. Atomics can block the thread. The others tell when the
  // collector ran (not repeatable), make code from text (the analysis of the code would not hold) or make promises in code that seems plain.
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'eval', 'console', 'Temporal', 'ShadowRealm', 'gc']) delete scope[name];
  delete (Array as { fromAsync?: unknown }).fromAsync;
  // It changes even a regular expression that is frozen.
  delete (RegExp.prototype as { compile?: unknown }).compile;
  const buffer = ArrayBuffer.prototype as unknown as { [name: string]: unknown };
  for (const name of ['resize', 'resizable', 'maxByteLength', 'transfer', 'transferToFixedLength']) delete buffer[name];
  const Native = ArrayBuffer;
  replaceConstructor('ArrayBuffer', Native, { make: (args, target) => Reflect.construct(Native, [args[0]], target) });
  tameFunctionConstructors();
}

/** Puts a constructor in front of a native one, under the same name and prototype, so that the native one is out of reach. */
export function replaceConstructor(name: string, native: Constructor, how: { readonly make: (args: readonly unknown[], target: Constructor) => unknown; readonly call?: () => unknown }): Constructor {
  const replacement = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target) return how.make(args, new.target as unknown as Constructor);
    if (how.call) return how.call();
    throw new TypeError(`Constructor ${name} requires 'new'`);
  } as unknown as Constructor;
  for (const key of Reflect.ownKeys(native)) {
    const own = Reflect.getOwnPropertyDescriptor(native, key);
    if (own && key !== 'arguments' && key !== 'caller') Reflect.defineProperty(replacement, key, own);
  }
  Reflect.defineProperty(Reflect.get(native, 'prototype') as object, 'constructor', { value: replacement, writable: true, configurable: true, enumerable: false });
  Reflect.defineProperty(globalThis, name, { value: replacement, writable: true, configurable: true, enumerable: false });
  return replacement;
}

/** `constructor` of a function is a way to make code from text; here it says no. */
export function tameFunctionConstructors(): void {
  const samples = [function () { return 0; }, async function () { return 0; }, function* () { yield 0; }, async function* () { yield 0; }];
  for (const sample of samples) {
    const prototype = Object.getPrototypeOf(sample) as object;
    const refuse = function Function(): never { throw new TypeError('making code from text is not available in a function node'); };
    Reflect.defineProperty(refuse, 'prototype', { value: prototype });
    Reflect.defineProperty(prototype, 'constructor', { value: refuse, writable: false, configurable: false, enumerable: false });
    if (prototype === Function.prototype) Reflect.defineProperty(globalThis, 'Function', { value: refuse, writable: true, configurable: true, enumerable: false });
  }
}

/** An own property may still be set on a plain object or error although the prototype's is frozen: people do write `error.name = …`. */
export function allowOverride(prototype: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    const own = Reflect.getOwnPropertyDescriptor(prototype, key);
    if (!own || !('value' in own) || !own.configurable) continue;
    const value: unknown = own.value;
    Reflect.defineProperty(prototype, key, {
      get: () => value,
      set(this: unknown, next: unknown) {
        if (this === prototype || (typeof this !== 'object' && typeof this !== 'function') || this === null) return;
        Reflect.defineProperty(this, key, { value: next, writable: true, configurable: true, enumerable: true });
      },
      configurable: false, enumerable: false,
    });
  }
}

/** Freezes everything that can be reached from `roots`: nothing said to one message is heard by another. */
export function harden(roots: readonly unknown[]): void {
  const seen = new Set<unknown>();
  const rest = [...roots];
  while (rest.length > 0) {
    const value = rest.pop();
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
    seen.add(value);
    Object.freeze(value);
    rest.push(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const own = Reflect.getOwnPropertyDescriptor(value, key);
      if (own) rest.push(own.value, own.get, own.set);
    }
  }
}

/** The getter and setter of `stack`, which every error of a context shares and no prototype shows. */
export function stackAccessors(): unknown[] {
  const traced = {};
  Error.captureStackTrace(traced);
  return [new Error(), traced].flatMap((each) => {
    const own = Reflect.getOwnPropertyDescriptor(each, 'stack');
    return [own?.get, own?.set];
  });
}

/** Prototypes that only syntax reaches. */
export function hiddenIntrinsics(): unknown[] {
  const generator = (function* () { yield 0; })();
  const asyncGenerator = (async function* () { yield 0; })();
  return [
    generator, asyncGenerator, async () => 0, [][Symbol.iterator](), new Map()[Symbol.iterator](), new Set()[Symbol.iterator](),
    ''[Symbol.iterator](), /x/[Symbol.matchAll](''), Object.getPrototypeOf(Uint8Array),
    Iterator.from({ next: () => ({ done: true, value: 0 }) }), [].values().map((each) => each),
    new Intl.Segmenter().segment(''), new Intl.Segmenter().segment('')[Symbol.iterator](), ...stackAccessors(),
  ];
}
