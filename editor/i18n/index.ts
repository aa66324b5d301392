import type { Text } from '../../runtime/flow/flow.ts';
import type { Message, ParamsOf } from './catalogue.ts';
import { en } from './en.ts';
import { language } from './language.svelte.ts';
import type { Language } from './language.svelte.ts';
import { ru } from './ru.ts';

export { language };
export type { Language };

type English = typeof en;
export type MessageKey = keyof English;
/** Keys of messages without places, for tables of names. */
export type PlainKey = { [Key in MessageKey]: ParamsOf<English[Key]> extends [] ? Key : never }[MessageKey];

const catalogues: Record<Language, Record<MessageKey, Message>> = { en, ru };
const cached = <T>(make: (of: Language) => T): (() => T) => {
  const made = new Map<Language, T>();
  return () => {
    const of = language.current;
    let value = made.get(of);
    if (value === undefined) made.set(of, (value = make(of)));
    return value;
  };
};

const plurals = cached((of) => new Intl.PluralRules(of));
const numbers = cached((of) => new Intl.NumberFormat(of, { maximumFractionDigits: 2 }));
const compacts = cached((of) => new Intl.NumberFormat(of, { notation: 'compact', maximumFractionDigits: 1 }));
const times = cached((of) => new Intl.DateTimeFormat(of, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hour12: false }));
const clocks = cached((of) => new Intl.DateTimeFormat(of, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }));
const dates = cached((of) => new Intl.DateTimeFormat(of, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false }));
const zonedDates = cached((of) => new Intl.DateTimeFormat(of, { dateStyle: 'full', timeStyle: 'long' }));
const lists = cached((of) => new Intl.ListFormat(of));
const relatives = cached((of) => new Intl.RelativeTimeFormat(of, { numeric: 'auto' }));

/** The message in the language of the screen, its places filled; numbers in the language's own form. */
export function t<Key extends MessageKey>(key: Key, ...args: ParamsOf<English[Key]>): string {
  const params = (args[0] ?? {}) as { readonly [place: string]: string | number };
  return fill(formOf(catalogues[language.current][key], params['n']), params);
}

function formOf(message: Message, n: string | number | undefined): string {
  if (typeof message === 'string') return message;
  const form = plurals().select(Number(n ?? 0));
  return (message as Partial<Record<Intl.LDMLPluralRule, string>>)[form] ?? message.other;
}

function fill(pattern: string, params: { readonly [place: string]: string | number }): string {
  return pattern.replace(/\{(\w+)\}/g, (whole, place: string) => {
    const value = params[place];
    return value === undefined ? whole : typeof value === 'number' ? formatNumber(value) : value;
  });
}

/** A text of the server or of a node type, in the language of the screen. */
export const pick = (text: Text): string => text[language.current];

export const formatNumber = (value: number): string => numbers().format(value);
/** A, B, and C; А, Б и В. */
export const formatList = (items: readonly string[]): string => lists().format(items);
/** 41,900 → 41.9k, 41,9 тыс. */
export const formatCompact = (value: number): string => compacts().format(value).replace('K', 'k');
export const formatTime = (at: number): string => times().format(at);
/** When it was, without a date while it was today. */
export const formatWhen = (at: number, now: number): string => (new Date(at).toDateString() === new Date(now).toDateString() ? clocks() : dates()).format(at);
/** For a hover: the whole date with its zone. */
export const formatZoned = (at: number): string => zonedDates().format(at);

/** "3 minutes ago", "через 2 часа". */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  const [unit, size] = ([['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const).find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return relatives().format(Math.round(seconds / size), unit);
}

const MINUTE = 60_000;

/** A length of time with its unit: 14 µs, 1.2 s, 14 мкс, 3 d. */
export function formatDuration(ms: number): string {
  if (ms < 1) return t('unit.us', { value: formatNumber(Math.round(ms * 1000)) });
  if (ms < 1000) return t('unit.ms', { value: formatNumber(ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)) });
  if (ms < 60_000) return t('unit.s', { value: formatNumber(Math.round(ms / 100) / 10) });
  if (ms < 60 * MINUTE) return t('unit.min', { value: formatNumber(Math.round(ms / MINUTE * 10) / 10) });
  if (ms < 48 * 60 * MINUTE) return t('unit.h', { value: formatNumber(Math.round(ms / (6 * MINUTE)) / 10) });
  return t('unit.d', { value: formatNumber(Math.round(ms / (144 * MINUTE)) / 10) });
}

/** How old something is, in whole seconds, so that it does not flicker. */
export const formatAge = (at: number, now: number): string => formatDuration(Math.max(1000, Math.floor((now - at) / 1000) * 1000));

/** How often: 0.4/s, 1.2k/s. */
export const formatRate = (perSecond: number): string => t('unit.per-second', { value: formatCompact(perSecond < 10 ? Math.round(perSecond * 10) / 10 : Math.round(perSecond)) });

/** A size in bytes with its unit. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return t('unit.bytes', { value: formatNumber(bytes) });
  if (bytes < 1024 * 1024) return t('unit.kb', { value: formatNumber(Math.round(bytes / 102.4) / 10) });
  return t('unit.mb', { value: formatNumber(Math.round(bytes / 104_857.6) / 10) });
}
