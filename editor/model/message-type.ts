import type { Declared } from './declared-inputs.ts';
import { ANY, membersOf, refined, shapeOf, shapeOfPort, union } from './message-shape.ts';
import type { Shape } from './message-shape.ts';

/** What is known of the messages that come to a node. */
export interface MessageKnown {
  readonly declared: readonly Declared[];
  /** Messages that came, or one that somebody typed to try the node. */
  readonly seen: readonly unknown[];
  readonly seenAre: 'came' | 'typed';
}

/** The members of the type of `msg` as TypeScript, and what it rests on. */
export interface MessageType { readonly members: string; readonly by: readonly string[]; readonly seen: 'came' | 'typed' | undefined }

export function messageType({ declared, seen, seenAre }: MessageKnown): MessageType {
  const said = declared.filter(({ type }) => type !== undefined && type.type !== 'any');
  const all = said.map(({ type }) => shapeOfPort(type));
  const came = seen.map((body) => shapeOf(body)).filter(({ fields }) => fields !== undefined);
  const whole = known(all.length === 0 ? ANY : all.reduce(union), { isWhole: said.length === declared.length, came: came.length > 0 ? came.reduce(union) : undefined });
  const fields = { ...FIRST, ...whole.fields };
  return { members: membersOf(fields), by: [...new Set(said.map(({ node }) => node))], seen: came.length > 0 ? seenAre : undefined };
}

/** What every message has, or has by convention. */
const FIRST = { payload: { shape: ANY, isOptional: false }, topic: { shape: ANY, isOptional: false }, _msgid: { shape: { plain: ['string'] }, isOptional: false } } as const;

/** Where a node before does not say what it sends, names are known of the others, and no more. */
function known(said: Shape, { isWhole, came }: { readonly isWhole: boolean; readonly came: Shape | undefined }): Shape {
  if (isWhole || said.isAny) return came ? refined(said, came) : said;
  return came ? refined(came, namesOnly(said)) : namesOnly(said);
}

const namesOnly = ({ fields = {} }: Shape): Shape => ({ fields: Object.fromEntries(Object.keys(fields).map((name) => [name, { shape: ANY, isOptional: false }])) });
