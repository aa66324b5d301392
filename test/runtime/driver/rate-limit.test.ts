import { expect, test } from 'vitest';
import rateLimit from '../../../nodes/time/rate-limit.ts';
import { TestNodes } from '../../kit/test-nodes.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';
import { flowOf } from '../../kit/flow-of.ts';
import { journalFile, World } from '../../kit/world.ts';

const MINUTE = 60_000;
const SENT = 25;
const LIMIT = 10;
const FLOW = flowOf({
  nodes: { in: 'test-source', buffer: { type: 'rate-limit', config: { count: LIMIT, per: '1m' } }, send: 'test-call' },
  wires: ['in.out -> buffer.in', 'buffer.out -> send.in'],
});

interface Sent { readonly at: number; readonly payload: number }

/** Twenty-five at once; the process may end before a write, and is away for a while. */
async function story(killBefore: number | undefined, awayMs: number): Promise<{ readonly died: boolean; readonly accepted: number; readonly sent: readonly Sent[] }> {
  const journal = journalFile();
  const nodes = new TestNodes();
  const sent: Sent[] = [];
  nodes.onCall = ({ payload }, { clock }) => { sent.push({ at: clock.now(), payload: payload as number }); };
  const world = (clock: VirtualTime, kill?: number): World => new World({ file: journal.file, nodes: [...nodes.definitions, rateLimit], clock, ...(kill !== undefined && { killBefore: kill }) });
  try {
    const clock = new VirtualTime();
    const first = world(clock, killBefore);
    await first.deploy(FLOW);
    let accepted = 0;
    for (let payload = 0; payload < SENT; payload++) void nodes.deliver.get('in')?.({ payload }).then(() => { accepted++; }, () => undefined);
    await first.calm();
    if (killBefore === undefined) first.kill();
    for (let i = 0; i < 4 && !first.dead; i++) await first.pass(MINUTE);
    const died = first.dead;
    first.kill();
    const second = world(new VirtualTime(clock.now() + awayMs));
    await second.deploy(FLOW);
    await second.calm();
    for (let i = 0; i < 6; i++) await second.pass(MINUTE);
    expect(second.bugs).toEqual([]);
    expect(await second.pending()).toBe(0);
    second.kill();
    return { died, accepted, sent };
  } finally {
    journal.remove();
  }
}

/** The most that began in any minute, wherever it begins. */
const mostInAMinute = (sent: readonly Sent[]): number => Math.max(0, ...sent.map(({ at }) => sent.filter((each) => each.at >= at && each.at < at + MINUTE).length));

test('twenty-five at once leave as ten, ten and five, in order', async () => {
  const { sent } = await story(10_000, 0);
  expect(sent.map(({ payload }) => payload)).toEqual(Array.from({ length: SENT }, (_, i) => i));
  const start = sent[0]?.at ?? 0;
  expect([0, 1, 2].map((minute) => sent.filter(({ at }) => Math.floor((at - start) / MINUTE) === minute).length)).toEqual([10, 10, 5]);
});

test.each([1000, 30_000, 3 * MINUTE])('wherever the process ends and stays away for %i ms, all leave, in order, and never more than ten in a minute', { timeout: 60_000 }, async (awayMs) => {
  for (let point = 1; ; point++) {
    const { died, accepted, sent } = await story(point, awayMs);
    if (!died) break;
    // A call that the end of the process interrupted is made again, under the same key: what counts is when its work was last done.
    const last = [...new Map(sent.map((each) => [each.payload, each])).values()];
    expect(last.length, `end before write ${point}`).toBeGreaterThanOrEqual(accepted);
    expect(mostInAMinute(last), `end before write ${point}`).toBeLessThanOrEqual(LIMIT);
    const first = [...new Set(sent.map(({ payload }) => payload))];
    expect(first, `end before write ${point}`).toEqual(first.toSorted((a, b) => a - b));
  }
});
