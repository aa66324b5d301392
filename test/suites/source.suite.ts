import { describe, expect, test } from 'vitest';
import { NodeFailure } from '../../runtime/sdk/index.ts';
import type { NodeDefinition, Receipt } from '../../runtime/sdk/index.ts';
import { startSource, type RunningSource, type SourceOptions } from '../kit/source-kit.ts';
import { settled } from '../kit/virtual-time.ts';

/** What every source keeps: it tells nobody that a message is safe before it is, and does nothing once it is stopped. */
export interface SourceTrial {
  readonly config?: { readonly [field: string]: unknown };
  readonly secrets?: { readonly [name: string]: string };
  /** Makes one message come. Resolves to whether its sender may forget it; undefined where nobody is told. */
  feed(source: RunningSource): Promise<boolean | undefined>;
}

export function sourceSuite(definition: NodeDefinition, trial: SourceTrial): void {
  const start = (options: SourceOptions = {}): Promise<RunningSource> => startSource(definition, { ...trial, ...options });

  describe(`source ${definition.info.type}`, () => {
    test('the sender may forget a message only after it is safe', async () => {
      const { promise, resolve } = Promise.withResolvers<Receipt>();
      const source = await start({ deliver: () => promise });
      let told: boolean | undefined | 'not yet' = 'not yet';
      const feeding = trial.feed(source).then((may) => { told = may; });
      await settled();
      expect(source.delivered.length).toBe(1);
      if (told !== undefined) expect(told).toBe('not yet');
      resolve({ runId: 'run-1', duplicate: false });
      await feeding;
      expect(told).not.toBe(false);
    });

    test('the sender keeps a message that was not taken, and the next one is delivered', async () => {
      const full = new NodeFailure('queue.full', { en: 'full', ru: 'полно' }, { retry: { afterMs: 1000 } });
      const source = await start({ deliver: async (_, count) => { if (count === 1) throw full; return { runId: 'run-2', duplicate: false }; } });
      expect(await trial.feed(source)).not.toBe(true);
      expect(await trial.feed(source)).not.toBe(false);
      expect(source.delivered.length).toBe(2);
    });

    test('delivers nothing before it is fed and nothing by itself after it was stopped', async () => {
      const source = await start();
      expect(source.delivered).toEqual([]);
      await trial.feed(source);
      const before = source.delivered.length;
      source.stop();
      await source.clock.advance(24 * 60 * 60 * 1000);
      expect(source.delivered.length).toBe(before);
      expect(source.clock.waiting).toBe(0);
    });

    test('a body that was delivered is never changed afterwards', async () => {
      const source = await start();
      await trial.feed(source);
      const before = structuredClone(source.delivered[0]?.body);
      await trial.feed(source);
      expect(source.delivered[0]?.body).toEqual(before);
      expect(source.delivered[0]?.body).not.toBe(source.delivered[1]?.body);
    });
  });
}
