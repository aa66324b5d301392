/** What ends a call, as data that the host can read without trusting it. */

/** Words in both languages of the product. */
export interface Words { readonly en: string; readonly ru: string }

/** A refusal of the sandbox itself, told apart from the user's own errors by its code. The code sees the English words. */
export function refusal(code: string, words: Words): Error {
  const error = new Error(words.en);
  Reflect.defineProperty(error, 'sandbox', { value: { code, ru: words.ru } });
  return error;
}

export function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
      const { name, message } = thrown as { name?: unknown; message?: unknown };
      const text = String(message).slice(0, 2000);
      return typeof name === 'string' && name !== 'Error' ? `${name.slice(0, 100)}: ${text}` : text;
    }
    return String(thrown).slice(0, 2000);
  } catch {
    return 'an error that cannot be shown';
  }
}

/** Where in the user's code the error was made: the first frame of the script that is called `function` or `setup`. */
export function placeIn(thrown: unknown): readonly [number, number] | null {
  const found = /(?:^|[\s(])(?:function|setup):(\d+):(\d+)\)?$/m.exec(stackOf(thrown));
  return found ? [Number(found[1]), Number(found[2])] : null;
}

export function stackOf(thrown: unknown): string {
  try {
    const stack = typeof thrown === 'object' && thrown !== null ? (thrown as { stack?: unknown }).stack : undefined;
    return typeof stack === 'string' ? stack.slice(0, 10_000) : '';
  } catch {
    return '';
  }
}

/** The line of the modules' bundle at which the error was made; 0 when it was made elsewhere. */
export function moduleLineIn(thrown: unknown): number {
  const stack = stackOf(thrown);
  const found = /(?:^|[\s(])(function|setup|modules):(\d+):\d+\)?$/m.exec(stack);
  return found?.[1] === 'modules' ? Number(found[2]) : 0;
}

/** `{"c":code,"m":message,"r":message in Russian,"l":line,"k":column,"w":line of the modules}` */
export function failureText(thrown: unknown): string {
  const own = typeof thrown === 'object' && thrown !== null ? (Reflect.getOwnPropertyDescriptor(thrown, 'sandbox')?.value as { readonly code?: unknown; readonly ru?: unknown } | undefined) : undefined;
  const message = messageOf(thrown);
  const memory = message === 'RangeError: Array buffer allocation failed' || message === 'RangeError: Invalid string length' || message === 'RangeError: Maximum BigInt size exceeded';
  const place = placeIn(thrown);
  const moduleLine = moduleLineIn(thrown);
  return JSON.stringify({
    c: typeof own?.code === 'string' ? own.code : memory ? 'memory' : 'threw', m: message,
    ...(typeof own?.ru === 'string' && { r: own.ru }), ...(place && { l: place[0], k: place[1] }), ...(moduleLine > 0 && { w: moduleLine }),
  });
}
