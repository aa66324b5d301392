/** What ends a call, as data that the host can read without trusting it. */

/** A refusal of the sandbox itself, told apart from the user's own errors by its code. */
export function refusal(code: string, message: string): Error {
  const error = new Error(message);
  Reflect.defineProperty(error, 'sandboxCode', { value: code });
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

/** Where in the user's code the error was made: the first frame of the script that is called `function`. */
export function placeIn(thrown: unknown): readonly [number, number] | null {
  let stack: unknown;
  try {
    stack = typeof thrown === 'object' && thrown !== null ? (thrown as { stack?: unknown }).stack : undefined;
  } catch {
    return null;
  }
  if (typeof stack !== 'string') return null;
  const found = /(?:^|[\s(])function:(\d+):(\d+)\)?$/m.exec(stack.slice(0, 10_000));
  return found ? [Number(found[1]), Number(found[2])] : null;
}

/** `{"c":code,"m":message,"l":line,"k":column}` */
export function failureText(thrown: unknown): string {
  const own = typeof thrown === 'object' && thrown !== null ? (Reflect.getOwnPropertyDescriptor(thrown, 'sandboxCode')?.value as unknown) : undefined;
  const message = messageOf(thrown);
  const memory = message === 'RangeError: Array buffer allocation failed' || message === 'RangeError: Invalid string length' || message === 'RangeError: Maximum BigInt size exceeded';
  const code = typeof own === 'string' ? own : memory ? 'memory' : 'threw';
  const place = placeIn(thrown);
  return JSON.stringify(place ? { c: code, m: message, l: place[0], k: place[1] } : { c: code, m: message });
}
