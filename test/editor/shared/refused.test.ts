import { expect, test } from 'vitest';
import { reasonsOf } from '../../../editor/shared/refused.ts';

const because = (en: string) => ({ en, ru: en });

test('each reason of a refusal is told once, with how often it was given, the most frequent first', () => {
  const refused = [['1', 'gone'], ['2', 'no node'], ['3', 'no node']].map(([id, en]) => ({ id: String(id), reason: because(String(en)) }));
  expect(reasonsOf(refused)).toEqual([{ reason: because('no node'), count: 2 }, { reason: because('gone'), count: 1 }]);
  expect(reasonsOf([])).toEqual([]);
});
