/**
 * What a pure node does, as JavaScript that the sandbox runs between two function nodes, so that the message need not come back for it. It is made of the node's own functions and of constants as
 * JSON, never of text that a person wrote.
 */
export interface RowCode {
  /**
   * An expression whose value is called once, with a function that copies a value, and gives the function of a message: what goes on by the port in question, or undefined. It throws or gives
   * undefined for everything that is not certain to be what the node itself would do and to leave by that port alone; the node is then called with the message. It never changes the message,
   * gives everything it puts there once, and copies what it puts there a second time.
   */
  readonly source: string;
  /** Keys of the message that it looks at. */
  readonly cross: readonly string[];
  /** Keys that it may change. */
  readonly back: readonly string[];
}

/** Functions, and records of them, that name nothing but each other and the language, in a scope of their own as one expression. Types are gone from their text, because Node blanks them when it loads a file. */
export function scopeOf(parts: { readonly [name: string]: unknown }, result: string): string {
  const text = (part: unknown): string => (typeof part === 'object' && part !== null ? `{ ${Object.entries(part).map(([name, each]) => `${JSON.stringify(name)}: ${text(each)}`).join(', ')} }` : `(${String(part)})`);
  return `(() => {\n${Object.entries(parts).map(([name, part]) => `const ${name} = ${text(part)};`).join('\n')}\nreturn ${result};\n})()`;
}
