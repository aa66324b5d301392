import type { ContextEntry, ContextList, ContextPlace, ContextQuery, ContextScope, ContextValue } from '../api/contract.ts';
import { Failure } from '../errors.ts';
import type { ContextDoor } from '../host.ts';
import { decodeBody } from '../journal/codec.ts';
import type { ContextRow } from '../journal/rows.ts';
import type { Services } from './services.ts';
import { GLOBAL } from './states.ts';

/** Context as people see and change it. */
export class Contexts implements ContextDoor {
  readonly #services: Pick<Services, 'states'>;
  constructor(services: Pick<Services, 'states'>) { this.#services = services; }

  async list({ flow = GLOBAL, node, after = '', limit }: ContextQuery): Promise<ContextList> {
    const { states } = this.#services;
    await states.open(flow);
    const rows = [...states.shelf(flow).rows()];
    const scopes = [...Map.groupBy(rows, (row) => row.node)].map(([each, of]): ContextScope => ({ ...placeOf(flow, each), keys: of.length, bytes: of.reduce((sum, row) => sum + sizeOf(row), 0) }));
    const entries = rows.map((row): ContextEntry => ({ ...placeOf(flow, row.node), key: row.key, bytes: sizeOf(row), updatedAt: row.at }))
      .filter((entry) => (node === undefined || entry.node === node) && orderOf(entry) > after).sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    const page = entries.slice(0, limit);
    const last = page.at(-1);
    return { scopes: scopes.sort((a, b) => ((a.node ?? '') < (b.node ?? '') ? -1 : 1)), entries: page, ...(last && entries.length > limit && { next: orderOf(last) }) };
  }

  async find(place: ContextPlace): Promise<ContextValue> {
    const row = await this.#row(place);
    if (row?.value === null || row === undefined) throw notFound(place);
    return { ...placeOf(row.flow, row.node), key: row.key, bytes: sizeOf(row), updatedAt: row.at, value: decodeBody(row.value), truncated: false };
  }

  async set(place: ContextPlace, value: unknown): Promise<void> { await this.#services.states.write(keyOf(place), value); }

  async delete(place: ContextPlace): Promise<void> {
    if (!await this.#row(place)) throw notFound(place);
    await this.#services.states.write(keyOf(place), undefined);
  }

  async #row(place: ContextPlace): Promise<ContextRow | undefined> {
    const { flow, node, key } = keyOf(place);
    await this.#services.states.open(flow);
    return this.#services.states.shelf(flow).row(node, key);
  }
}

const keyOf = ({ flow = GLOBAL, node = '', key }: ContextPlace) => ({ flow, node, key });
const placeOf = (flow: string, node: string) => ({ ...(flow !== GLOBAL && { flow }), ...(node !== '' && { node }) });
const sizeOf = ({ key, value }: ContextRow): number => key.length + (value ?? '').length;
const orderOf = ({ node = '', key }: ContextEntry): string => `${node}/${key}`;

function notFound({ flow, node, key }: ContextPlace): Failure {
  const place = [flow, node, key].filter((part) => part !== undefined).join(' / ');
  return new Failure('context.not-found', { en: `looking for the context value ${place}: there is none`, ru: `поиск значения контекста ${place}: его нет` });
}
