/** Keys by name: `Ctrl+Shift+Z`. On a Mac the command key takes Ctrl's place. */
export type Key = string;

const isMac = (): boolean => /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? '');

export function keyMatches(key: Key, event: KeyboardEvent): boolean {
  const { ctrl, shift, name } = parts(key);
  const isMain = event.key.toLowerCase() === name.toLowerCase() || (name.length === 1 && /[a-z]/i.test(name) && event.code === `Key${name.toUpperCase()}`);
  // `+` and `?` need Shift on many keyboards.
  const isShiftRight = /[a-z]|^.{2,}$/i.test(name) ? event.shiftKey === shift : true;
  return isMain && (event.ctrlKey || event.metaKey) === ctrl && isShiftRight && !event.altKey;
}

/** As people read it: `Ctrl Shift Z`, `⌘ ⇧ Z`. */
export function shown(key: Key): string {
  const { ctrl, shift, name } = parts(key);
  const named = name === 'Enter' ? '↵' : name === 'Delete' ? 'Del' : name;
  return [...(ctrl ? [isMac() ? '⌘' : 'Ctrl'] : []), ...(shift ? [isMac() ? '⇧' : 'Shift'] : []), named].join(' ');
}

function parts(key: Key): { readonly ctrl: boolean; readonly shift: boolean; readonly name: string } {
  const pieces = key === '+' ? ['+'] : key.split('+');
  return { ctrl: pieces.includes('Ctrl'), shift: pieces.includes('Shift'), name: pieces.at(-1) ?? key };
}
