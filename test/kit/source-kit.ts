import type { Body, DeliverOptions, HttpAnswer, HttpRequest, NodeDefinition, Receipt, RouteOptions, SourceContext } from '../../runtime/sdk/index.ts';
import { nothingSeen, placeOf, compiled, type KitOptions, type Seen } from './node-kit.ts';
import { SeededRandom, VirtualTime } from './virtual-time.ts';

/** Runs a source without an engine: what it delivers is recorded and acknowledged as the test says. */

export interface Delivery { readonly body: Body; readonly options: DeliverOptions }
export interface SourceOptions extends KitOptions {
  /** How a delivery ends; by default with a run of its own number. */
  readonly deliver?: (delivery: Delivery, count: number) => Promise<Receipt>;
}
export interface RequestGiven {
  readonly method?: string;
  readonly path?: string;
  readonly params?: { readonly [name: string]: string };
  readonly query?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  readonly remote?: string;
}

export class RunningSource {
  readonly delivered: Delivery[] = [];
  readonly seen: Seen = nothingSeen();
  readonly routes: { readonly options: RouteOptions; readonly handle: (request: HttpRequest) => Promise<HttpAnswer> }[] = [];
  readonly clock: VirtualTime;
  readonly #stop = new AbortController();
  readonly #buttons: (() => void)[] = [];

  constructor(clock: VirtualTime) { this.clock = clock; }

  press(): void { for (const button of this.#buttons) button(); }
  stop(): void { this.#stop.abort(); }

  /** What the first route answers. */
  async request(given: RequestGiven | HttpRequest): Promise<HttpAnswer> {
    const route = this.routes[0];
    if (!route) throw new Error('the source serves no route');
    const body = typeof given.body === 'string' ? new TextEncoder().encode(given.body) : given.body ?? new Uint8Array();
    return await route.handle({
      method: given.method ?? route.options.methods[0] ?? 'POST', path: given.path ?? route.options.path, params: given.params ?? {},
      query: given.query ?? '', headers: given.headers ?? {}, body, remote: given.remote ?? '127.0.0.1',
    });
  }

  context(definition: NodeDefinition, values: Pick<SourceContext, 'config' | 'resolve'>, options: SourceOptions): SourceContext {
    const random = new SeededRandom(options.seed);
    return {
      ...placeOf(definition, this.seen, this.clock),
      ...values, signal: this.#stop.signal,
      random: { next: () => random.next(), id: () => random.id() },
      deliver: async (body, how = {}) => {
        const delivery = { body, options: how };
        this.delivered.push(delivery);
        return await (options.deliver ?? acknowledged)(delivery, this.delivered.length);
      },
      route: (route, handle) => { this.routes.push({ options: route, handle }); },
      every: (periodMs, call) => this.#every(periodMs, call),
      onButton: (call) => { this.#buttons.push(call); },
    };
  }

  #every(periodMs: number, call: () => void): void {
    if (this.#stop.signal.aborted) return;
    const cancel = this.clock.after(periodMs, () => { call(); this.#every(periodMs, call); });
    this.#stop.signal.addEventListener('abort', cancel, { once: true });
  }
}

const acknowledged = async (_: Delivery, count: number): Promise<Receipt> => ({ runId: `run-${count}`, duplicate: false });

export async function startSource(definition: NodeDefinition, options: SourceOptions = {}): Promise<RunningSource> {
  const source = new RunningSource(options.clock ?? new VirtualTime());
  const config = await compiled(definition.info.config, options);
  const resolve = async (): Promise<unknown> => await config.value({}, { clock: source.clock });
  await definition.start?.(source.context(definition, { config: await resolve(), resolve }, options) as never);
  return source;
}
