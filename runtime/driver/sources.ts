import { problem } from '../errors.ts';
import type { Problem } from '../flow/flow.ts';
import { keyOf } from './walker.ts';
import { NodeFailure } from '../sdk/node-failure.ts';
import type { SourceContext } from '../sdk/context.ts';
import type { FlowRunner } from './flow-runner.ts';
import type { Revision } from './revision.ts';
import { configFor, type Unit } from './unit.ts';

interface Running { readonly unit: Unit; readonly aborter: AbortController; readonly undo: (() => void)[]; press: (() => void) | undefined }

/** Starts and stops the sources of a flow. A source that did not change keeps running over a deploy. */
export class Sources {
  readonly #runner: FlowRunner;
  readonly #running = new Map<string, Running>();

  constructor(runner: FlowRunner) { this.#runner = runner; }

  /** Problems of sources that could not start; the others run. */
  async replace(next: Revision): Promise<Problem[]> {
    for (const [id, running] of this.#running) {
      const unit = next.units.get(id);
      if (unit?.fingerprint !== running.unit.fingerprint || unit.plan.node.disabled) this.#stopOne(id, running);
    }
    const problems: Problem[] = [];
    for (const unit of next.units.values()) {
      if (!unit.definition?.start || unit.plan.node.disabled || unit.problem || this.#running.has(unit.id)) continue;
      const failed = await this.#start(unit);
      if (failed) problems.push(failed);
    }
    return problems;
  }

  async stop(): Promise<void> {
    for (const [id, running] of this.#running) this.#stopOne(id, running);
  }

  /** What the button at the card does; false when the source has none. */
  press(node: string): boolean {
    const running = this.#running.get(node);
    running?.press?.();
    return running?.press !== undefined;
  }

  async #start(unit: Unit): Promise<Problem | undefined> {
    const running: Running = { unit, aborter: new AbortController(), undo: [], press: undefined };
    this.#running.set(unit.id, running);
    try {
      const config = await configFor(unit, {}, this.#runner.services);
      await unit.definition?.start?.(this.#context(unit, running, config) as never);
      return undefined;
    } catch (error) {
      this.#stopOne(unit.id, running);
      const text = error instanceof NodeFailure ? error.text : { en: (error as Error).message, ru: (error as Error).message };
      return problem('node.cannot-start', { flow: this.#runner.flow, node: unit.id }, {
        message: text,
        fix: { en: 'Correct the node and deploy again.', ru: 'Исправьте узел и примените снова.' },
      });
    }
  }

  #context(unit: Unit, running: Running, config: unknown): SourceContext {
    const { random, clock, hooks } = this.#runner.services;
    const owner = `${this.#runner.flow}/${unit.id}`;
    return {
      ...unit.place, config, signal: running.aborter.signal,
      resolve: async () => await configFor(unit, {}, { clock }),
      random: { next: () => random.next(), id: () => random.id(clock.now()) },
      deliver: (body, options = {}) => this.#runner.acceptance.accept({ node: unit.id, port: options.port ?? unit.defaultPort, body, key: keyOf(options.key), options }),
      route: (options, handle) => { running.undo.push(hooks.add(options, handle, owner)); },
      every: (periodMs, call) => {
        let cancel = (): void => undefined;
        const next = (at: number): void => {
          cancel = clock.after(at - clock.elapsed(), () => {
            if (clock.elapsed() < at) { next(at); return; } // longer than one timer of the clock may be
            // From the planned instant, so that periods do not drift; what was slept through is not made up.
            next(Math.max(at + periodMs, clock.elapsed()));
            call();
          });
        };
        next(clock.elapsed() + periodMs);
        running.undo.push(() => cancel());
      },
      onButton: (call) => { running.press = call; },
    };
  }

  #stopOne(id: string, running: Running): void {
    this.#running.delete(id);
    running.aborter.abort();
    for (const undo of running.undo) undo();
  }
}
