import { toLatin } from './transliterate.ts';

const ID = /^[a-z][a-z0-9-]*$/;
const LENGTH_MAX = 48;

/** A readable id from a name in any language: "Приём лидов" → "priem-lidov". */
export function idFrom(name: string, otherwise: string): string {
  const plain = toLatin(name).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+/, '').slice(0, LENGTH_MAX).replace(/-+$/, '');
  return ID.test(plain) ? plain : otherwise;
}

/** The wanted id, or with the first number that makes it free: "switch", "switch-2", … */
export function freeId(wanted: string, isTaken: (id: string) => boolean): string {
  if (!isTaken(wanted)) return wanted;
  const stem = wanted.replace(/-\d+$/, '');
  for (let n = 2; ; n++) {
    const id = `${stem}-${n}`;
    if (!isTaken(id)) return id;
  }
}
