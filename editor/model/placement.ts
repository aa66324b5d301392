import type { Flow } from '../../runtime/flow/flow.ts';
import { CARD } from './card.ts';
import type { Position } from './edit.ts';

export const GRID = 8;
/** Between the edges of neighbours: room for a wire's label, and for the line of state under a card. */
export const GAP = { across: 76, down: 44 } as const;

export const snap = (value: number): number => Math.round(value / GRID) * GRID;
export const snapped = ([x, y]: Position): Position => [snap(x), snap(y)];

/** The wanted place, or the first below it where no card is in the way. */
export function freePlace(layout: Flow['layout'], wanted: Position): Position {
  const places = Object.values(layout);
  const [x, top] = snapped(wanted);
  let y = top;
  while (places.some(([otherX, otherY]) => Math.abs(otherX - x) < CARD.width && Math.abs(otherY - y) < CARD.height + GRID)) y += snap(CARD.height + GAP.down);
  return [x, y];
}

/** To the right of a card. */
export const rightOf = ([x, y]: Position, width: number): Position => [x + width + GAP.across, y];
