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
  let stack: unknown;
  try {
    stack = typeof thrown === 'object' && thrown !== null ? (thrown as { stack?: unknown }).stack : undefined;
  } catch {
    return null;
  }
  if (typeof stack !== 'string') return null;
  const found = /(?:^|[\s(])(?:function|setup):(\d+):(\d+)\)?$/m.exec(stack.slice(0, 10_000));
  return found ? [Number(found[1]), Number(found[2])] : null;
}

/** `{"c":code,"m":message,"r":message in Russian,"l":line,"k":column}` */
export function failureText(thrown: unknown): string {
  const own = typeof thrown === 'object' && thrown !== null ? (Reflect.getOwnPropertyDescriptor(thrown, 'sandbox')?.value as { readonly code?: unknown; readonly ru?: unknown } | undefined) : undefined;
  const message = messageOf(thrown);
  const memory = message === 'RangeError: Array buffer allocation failed' || message === 'RangeError: Invalid string length' || message === 'RangeError: Maximum BigInt size exceeded';
  const place = placeIn(thrown);
  return JSON.stringify({
    c: typeof own?.code === 'string' ? own.code : memory ? 'memory' : 'threw', m: message,
    ...(typeof own?.ru === 'string' && { r: own.ru }), ...(place && { l: place[0], k: place[1] }),
  });
}
