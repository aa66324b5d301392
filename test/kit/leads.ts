/**
 * Leads as sites send them, made up from a seed: the same seed gives the same leads everywhere. Nobody is real: phones begin
 * with +7 000, mail domains end in .test. Three in ten are repeats of a person, spelled another way, some in bursts.
 */
export interface Lead {
  /** Which made-up person it is about: what deduplication must find out. */
  readonly person: number;
  readonly payload: { readonly formId: string; readonly name?: string; readonly phone?: string; readonly email?: string; readonly company?: string; readonly utm?: { readonly source: string; readonly campaign: string } };
}

const FIRST = ['Анна', 'Мария', 'Елена', 'Иван', 'Пётр', 'Сергей', 'Ольга', 'Николай', 'Вера', 'Тимур'];
const LAST = ['Каренина', 'Сибиряк', 'Орлова', 'Журавлёв', 'Лесной', 'Полевая', 'Речной', 'Заречная', 'Северный', 'Южная'];
const FORMS = ['callback', 'price', 'demo', 'contacts', 'order'];
const SOURCES = ['ads', 'mail', 'search', 'social', 'direct'];
const REPEATS = 0.3; // of all leads are about somebody known
const BURST = 0.02; // of them are the same form sent many times at once
const BURST_LENGTH = 50;

/** So many leads, in the order in which they come. */
export function leads(count: number, seed = 1): Lead[] {
  const chance = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const list: Lead[] = [];
  let people = 0;
  while (list.length < count) {
    const known = people > 0 && chance() < REPEATS;
    const person = known ? Math.floor(chance() * people) : people++;
    const lead = (): Lead => ({ person, payload: { formId: pick(FORMS), ...contactOf(person, known, { chance, pick }), ...(chance() < 0.5 && { utm: { source: pick(SOURCES), campaign: `c${Math.floor(chance() * 9)}` } }) } });
    const times = chance() < BURST ? BURST_LENGTH : 1;
    for (let i = 0; i < times && list.length < count; i++) list.push(lead());
  }
  return list;
}

interface Dice { readonly chance: () => number; readonly pick: <T>(list: readonly T[]) => T }

/** The first lead of a person has both keys; a repeat may have one of them, always in some spelling. */
function contactOf(person: number, known: boolean, { chance, pick }: Dice): Partial<Lead['payload']> {
  const which = known ? chance() : 1;
  const name = `${FIRST[person % FIRST.length]} ${LAST[Math.floor(person / FIRST.length) % LAST.length]}`;
  return {
    ...(chance() < 0.9 && { name: pick([name, name.toUpperCase(), `  ${name.toLowerCase()} `, name.replace(' ', '\u00a0')]) }),
    ...(which > 0.3 && { phone: pick(SPELLINGS)(String(person).padStart(7, '0')) }),
    ...((which <= 0.3 || which > 0.6) && { email: pick([emailOf(person), emailOf(person).toUpperCase(), ` ${emailOf(person)} `, `${name} <${emailOf(person)}>`]) }),
    ...(chance() < 0.2 && { company: `ООО «${pick(LAST)}»` }),
  };
}

const emailOf = (person: number): string => `lead${person}@mail${person % 7}.test`;

const SPELLINGS: readonly ((seven: string) => string)[] = [
  (n) => `+7 000 ${n.slice(0, 3)}-${n.slice(3, 5)}-${n.slice(5)}`,
  (n) => `8 (000) ${n.slice(0, 3)}-${n.slice(3, 5)}-${n.slice(5)}`,
  (n) => `8000${n}`,
  (n) => `7000${n}`,
  (n) => `8-000-${n.slice(0, 3)}-${n.slice(3)}`,
  (n) => `+7\u00a0(000)\u00a0${n}`,
];

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
