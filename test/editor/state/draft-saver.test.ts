import { expect, test } from 'vitest';
import type { Flow, SaveAnswer } from '../../../runtime/api/contract.ts';
import { ApiError } from '../../../editor/api/client.ts';
import { DraftSaver } from '../../../editor/state/draft-saver.ts';
import type { SaveState } from '../../../editor/state/draft-saver.ts';
import { emptyFlow } from '../../kit/test-editor.ts';

const named = (name: string): Flow => ({ ...emptyFlow, name });
const failure = (status: number): ApiError => new ApiError(status, { code: 'x', message: { en: 'x', ru: 'x' } });

/** A saver with a clock and a server that the test moves by hand. */
function bench() {
  let timer: { ms: number; callback: () => void } | undefined;
  const asked: { name: string; expected: number; resolve: (answer: SaveAnswer) => void; reject: (error: unknown) => void }[] = [];
  const states: SaveState[] = [];
  let kept: { flow: Flow; version: number } | undefined;
  const saver = new DraftSaver(1, {
    save: (flow, expected) => new Promise((resolve, reject) => asked.push({ name: flow.name, expected, resolve, reject })),
    later: (ms, callback) => {
      const mine = { ms, callback };
      timer = mine;
      return () => { if (timer === mine) timer = undefined; };
    },
    keep: (unsaved) => { kept = unsaved; },
    onState: (state) => states.push(state),
    onSaved: () => undefined,
  });
  /** Lets promises settle. */
  const settle = async (): Promise<void> => { for (let i = 0; i < 10; i++) await Promise.resolve(); };
  return {
    saver, asked, states, settle, kept: () => kept, timer: () => timer,
    fire: () => { const due = timer; timer = undefined; due?.callback(); },
    answer: async (version: number) => { asked.at(-1)?.resolve({ version, problems: [] }); await settle(); },
    refuse: async (error: unknown) => { asked.at(-1)?.reject(error); await settle(); },
  };
}

test('saves the newest draft once, after a pause', async () => {
  const { saver, asked, fire, answer, states, kept } = bench();
  saver.note(named('a'));
  saver.note(named('ab'));
  expect(asked).toEqual([]);
  expect(kept()?.flow.name).toBe('ab');
  fire();
  await answer(2);
  expect(asked.map(({ name, expected }) => [name, expected])).toEqual([['ab', 1]]);
  expect(states.at(-1)).toBe('saved');
  expect(kept()).toBeUndefined();
  expect(saver.version).toBe(2);
});

test('what changes during a save is saved next, upon the new version', async () => {
  const { saver, asked, fire, answer, states, kept } = bench();
  saver.note(named('a'));
  fire();
  saver.note(named('b'));
  await answer(2);
  expect(states.at(-1)).toBe('unsaved');
  expect(kept()).toMatchObject({ flow: { name: 'b' }, version: 2 });
  fire();
  await answer(3);
  expect(asked.map(({ name, expected }) => [name, expected])).toEqual([['a', 1], ['b', 2]]);
});

test('a stale draft is kept and not sent again until the person has chosen', async () => {
  const { saver, asked, fire, refuse, states, kept, timer } = bench();
  saver.note(named('mine'));
  fire();
  await refuse(failure(412));
  expect(states.at(-1)).toBe('stale');
  saver.note(named('mine, more'));
  expect(timer()).toBeUndefined();
  expect(await saver.flush()).toBe(false);
  expect(asked).toHaveLength(1);
  expect(kept()).toMatchObject({ flow: { name: 'mine, more' }, version: 1 });
});

test('overwriting sends the stale draft upon their version', async () => {
  const { saver, asked, fire, refuse, answer, states } = bench();
  saver.note(named('mine'));
  fire();
  await refuse(failure(412));
  saver.resolve(7, true);
  fire();
  await answer(8);
  expect(asked.at(-1)).toMatchObject({ name: 'mine', expected: 7 });
  expect(states.at(-1)).toBe('saved');
});

test('giving way drops the stale draft', async () => {
  const { saver, fire, refuse, states, kept, timer } = bench();
  saver.note(named('mine'));
  fire();
  await refuse(failure(412));
  saver.resolve(7, false);
  expect([states.at(-1), kept(), timer(), saver.version]).toEqual(['saved', undefined, undefined, 7]);
});

test('an unreachable runtime is tried again, and the draft kept meanwhile', async () => {
  const { saver, asked, fire, refuse, answer, states, kept } = bench();
  saver.note(named('a'));
  fire();
  await refuse(failure(0));
  expect(states.at(-1)).toBe('offline');
  expect(kept()?.flow.name).toBe('a');
  fire();
  await answer(2);
  expect(asked.map(({ name }) => name)).toEqual(['a', 'a']);
  expect(states.at(-1)).toBe('saved');
});

test('a refused draft waits for the next change', async () => {
  const { saver, asked, fire, refuse, answer, states, timer } = bench();
  saver.note(named('too big'));
  fire();
  await refuse(failure(413));
  expect([states.at(-1), timer()]).toEqual(['refused', undefined]);
  saver.note(named('smaller'));
  fire();
  await answer(2);
  expect(asked.map(({ name }) => name)).toEqual(['too big', 'smaller']);
});

test('flush saves at once and waits for what is under way', async () => {
  const { saver, asked, fire, answer, settle } = bench();
  saver.note(named('a'));
  fire();
  saver.note(named('b'));
  const flushed = saver.flush();
  await answer(2);
  await settle();
  await answer(3);
  expect(await flushed).toBe(true);
  expect(asked.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(saver.isIdle).toBe(true);
});

test('flush of a failing save says so', async () => {
  const { saver, refuse } = bench();
  saver.note(named('a'));
  const flushed = saver.flush();
  await refuse(failure(500));
  expect(await flushed).toBe(false);
});

test('a bug in saving is not taken for a failure of the runtime', async () => {
  const { saver, refuse } = bench();
  saver.note(named('a'));
  const flushed = saver.flush();
  const bug = new TypeError('bug');
  const caught = flushed.catch((error: unknown) => error);
  await refuse(bug);
  expect(await caught).toBe(bug);
});
