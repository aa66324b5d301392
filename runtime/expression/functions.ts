import type jsonata from 'jsonata';
import { shortHash } from '../hash.ts';
import type { Moment } from '../sdk/field.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { ExpressionOptions } from './expression.ts';

/**
 * What expressions have besides JSONata's own functions, and the functions of JSONata that ask the world for time or chance:
 * time is the injected clock's, chance is seeded by the message, so that a repeated evaluation gives the same.
 */
export function expressionFunctions(program: jsonata.Expression, options: ExpressionOptions): void {
  program.registerFunction('env', (name: string) => options.env?.(name), '<s:x>');
  program.registerFunction('millis', function (this: Focus) { return momentIn(this).clock.now(); }, '<:n>');
  program.registerFunction('now', function (this: Focus, picture?: string, zone?: string) {
    const fromMillis = this.environment.lookup('fromMillis') as { readonly implementation: (this: Focus, ms: number, picture?: string, zone?: string) => string };
    return fromMillis.implementation.call(this, momentIn(this).clock.now(), picture, zone);
  }, '<s?s?:s>');
  program.registerFunction('random', function (this: Focus) { return chance(this)(); }, '<:n>');
  program.registerFunction('shuffle', function (this: Focus, list: readonly unknown[]) { return shuffled(list, chance(this)); }, '<a:a>');
}

/** Name under which the functions find the call; no variable can be written like this. */
export const MOMENT = ' moment';

interface Focus {
  readonly environment: { lookup(name: string): unknown; readonly base?: Chance };
}
interface Chance { chance?: () => number }

function momentIn(focus: Focus): Moment {
  const moment = focus.environment.lookup(MOMENT) as Moment | undefined;
  if (moment) return moment;
  throw new NodeFailure('expression.failed', {
    en: 'there is no time and no message here: $now, $millis, $random and $shuffle work in the fields of nodes only',
    ru: 'здесь нет ни времени, ни сообщения: $now, $millis, $random и $shuffle работают только в полях узлов',
  });
}

/** One generator an evaluation, so that two calls of $random in it differ. */
function chance(focus: Focus): () => number {
  const base: Chance = focus.environment.base ?? {};
  const moment = momentIn(focus);
  return base.chance ??= seeded(moment.envelope?.id ?? String(moment.clock.now()));
}

/** Mulberry32: small, and good enough for picking and shuffling. */
function seeded(seed: string): () => number {
  let state = Buffer.from(shortHash(seed), 'base64url').readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(list: readonly unknown[] | undefined, next: () => number): unknown[] | undefined {
  if (list === undefined) return undefined;
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
