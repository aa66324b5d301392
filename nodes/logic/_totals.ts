import { NodeFailure } from '../../runtime/sdk/index.ts';

/** What is reckoned of many values without keeping them. Small, because it is written with each message. */
export interface Totals {
  readonly count: number;
  readonly numbers: number;
  /** The sum as a whole number of decimal places, so that a million prices add up to the kopeck. */
  readonly units: string;
  readonly places: number;
  readonly min: number | null;
  readonly max: number | null;
}

const NOTHING: Totals = { count: 0, numbers: 0, units: '0', places: 0, min: null, max: null };

/** One value more; what is missing only counts. */
export function counted(before: Totals | undefined, value: unknown, node: string): Totals {
  const t = before ?? NOTHING;
  const n = numberOf(value, node);
  if (n === undefined) return { ...t, count: t.count + 1 };
  const one = decimal(n);
  const places = Math.max(t.places, one.places);
  const units = scaled(BigInt(t.units), places - t.places) + scaled(one.units, places - one.places);
  return { count: t.count + 1, numbers: t.numbers + 1, units: String(units), places, min: t.min === null ? n : Math.min(t.min, n), max: t.max === null ? n : Math.max(t.max, n) };
}

/** As the joined message shows them. */
export function shown({ count, numbers, units, places, min, max }: Totals = NOTHING): { readonly [name: string]: number } {
  const sum = Number(`${units}e-${places}`);
  return { count, sum, ...(numbers > 0 && { average: sum / numbers, min: min as number, max: max as number }) };
}

/** The number as it is written, without a point. */
function decimal(n: number): { readonly units: bigint; readonly places: number } {
  const [mantissa = '', exponent = '0'] = String(n).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const places = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction);
  return places < 0 ? { units: scaled(units, -places), places: 0 } : { units, places };
}

const scaled = (units: bigint, places: number): bigint => (places === 0 ? units : units * 10n ** BigInt(places));

function numberOf(value: unknown, node: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const n = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
  if (Number.isFinite(n)) return n;
  throw new NodeFailure('join.not-a-number', {
    en: `adding up at node ${node}: ${JSON.stringify(value).slice(0, 100)} is not a number; turn it into one before, for example with Change`,
    ru: `сложение в узле ${node}: ${JSON.stringify(value).slice(0, 100)} — не число; преобразуйте раньше, например узлом «Изменение»`,
  });
}
