import { expect, test } from 'vitest';
import { routeOf } from '../../../editor/model/route.ts';
import type { Box, Point } from '../../../editor/model/route.ts';

const card = (x: number, y: number): Box => ({ x, y, width: 186, height: 52 });
const out = (box: Box): Point => ({ x: box.x + box.width + 5.5, y: box.y + 26 });
const into = (box: Box): Point => ({ x: box.x - 5.5, y: box.y + 26 });
const below = (box: Box): Point => ({ x: box.x + box.width - 32, y: box.y + box.height + 5.5 });

/** The corners of a way that is made of straight parts and rounded corners. */
const corners = (path: string): Point[] => [...path.matchAll(/[MLQ](-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));

function crosses(path: string, box: Box): boolean {
  const points = corners(path);
  return points.slice(1).some((point, i) => {
    const before = points[i];
    if (!before) return false;
    const [left, right] = [Math.min(before.x, point.x), Math.max(before.x, point.x)];
    const [top, bottom] = [Math.min(before.y, point.y), Math.max(before.y, point.y)];
    return right > box.x && left < box.x + box.width && bottom > box.y && top < box.y + box.height;
  });
}

test('a wire to the right is a curve', () => {
  const { path, label } = routeOf({ x: 0, y: 0 }, { x: 200, y: 100 }, { boxes: () => [] });
  expect(path).toMatch(/^M0,0 C/);
  expect(label).toEqual({ x: 100, y: 50 });
});

test('a wire that goes back passes no card between its ends', () => {
  const boxes = [card(0, 0), card(260, 0), card(520, 0), card(260, 100)];
  const [first, , last] = boxes as [Box, Box, Box];
  const { path } = routeOf(out(last), into(first), { boxes: () => boxes });
  for (const box of boxes) expect(crosses(path, box), `through ${box.x},${box.y}: ${path}`).toBe(false);
});

test('a loop of one node goes around it', () => {
  const box = card(100, 100);
  const { path } = routeOf(out(box), into(box), { boxes: () => [box] });
  expect(crosses(path, box)).toBe(false);
});

test('a failure wire that goes back leaves downwards and keeps below its card', () => {
  const boxes = [card(0, 0), card(260, 0)];
  const [first, last] = boxes as [Box, Box];
  const { path } = routeOf(below(last), into(first), { down: true, boxes: () => boxes });
  for (const box of boxes) expect(crosses(path, box), path).toBe(false);
  expect(Math.max(...corners(path).map(({ y }) => y))).toBeGreaterThan(last.y + last.height + 20);
});
