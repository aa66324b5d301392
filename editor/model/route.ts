/** The way of a wire between two ports. */

export interface Point { readonly x: number; readonly y: number }
export interface Box extends Point { readonly width: number; readonly height: number }
export interface Route { readonly path: string; readonly label: Point }

const STUB = 26; // a wire leaves and enters straight, so that its end can be seen
const CLEAR = { above: 18, below: 36 } as const; // between a wire that goes around and a card; below it stands the line of its state
const CORNER = 12;
const LEAST_BEND = 36;

/** A curve from left to right; a wire that goes back takes a rounded way around the cards. `down`: it leaves at the lower edge. */
export function routeOf(from: Point, to: Point, options: { readonly down?: boolean; readonly boxes: () => readonly Box[] }): Route {
  if (to.x >= from.x) return options.down ? fromBelow(from, to) : curve(from, to);
  return around(from, to, { down: options.down ?? false, boxes: options.boxes() });
}

function curve(from: Point, to: Point): Route {
  // A small step between near cards needs only a small bend.
  const bend = Math.max(Math.min(LEAST_BEND, Math.abs(to.y - from.y)), (to.x - from.x) / 2);
  const path = `M${from.x},${from.y} C${from.x + bend},${from.y} ${to.x - bend},${to.y} ${to.x},${to.y}`;
  return { path, label: { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 } };
}

// The error port stands at the lower edge.
function fromBelow(from: Point, to: Point): Route {
  const down = Math.max(LEAST_BEND, Math.abs(to.y - from.y) / 2);
  const left = Math.max(LEAST_BEND, Math.abs(to.x - from.x) / 2);
  const path = `M${from.x},${from.y} C${from.x},${from.y + down} ${to.x - left},${to.y} ${to.x},${to.y}`;
  return { path, label: { x: from.x + (to.x - from.x) * 0.4, y: from.y + (to.y - from.y) * 0.6 } };
}

interface Way { readonly down: boolean; readonly boxes: readonly Box[] }

function around(from: Point, to: Point, { down, boxes }: Way): Route {
  const right = down ? from.x : clearColumn(from.x + STUB, boxes, from.y, 1);
  const left = clearColumn(to.x - STUB, boxes, to.y, -1);
  const y = clearRow(from, to, { left, right, down, boxes });
  const points = [from, ...(down ? [] : [{ x: right, y: from.y }]), { x: right, y }, { x: left, y }, { x: left, y: to.y }, to];
  return { path: rounded(points), label: { x: (left + right) / 2, y } };
}

// The short way out of a port is only as long as the next card leaves room.
function clearColumn(x: number, boxes: readonly Box[], y: number, direction: 1 | -1): number {
  const near = boxes.filter((box) => isPassed(box, y) && x > box.x && x < box.x + box.width);
  if (near.length === 0) return x;
  return direction === 1 ? Math.min(x, ...near.map((box) => box.x - CORNER)) : Math.max(x, ...near.map((box) => box.x + box.width + CORNER));
}

const isPassed = (box: Box, y: number): boolean => y > box.y - CLEAR.above && y < box.y + box.height + CLEAR.below;

/** The row nearest to both ends in which no card stands between the two columns. */
function clearRow(from: Point, to: Point, { left, right, down, boxes }: Way & { readonly left: number; readonly right: number }): number {
  const inTheWay = boxes.filter((box) => box.x < right && box.x + box.width > left);
  const lowest = down ? from.y + CLEAR.below : -Infinity;
  // A way between the two ends costs least; below is preferred to above by a hair, as people read downwards.
  const cost = (y: number): number => Math.abs(y - from.y) + Math.abs(y - to.y) - (y > from.y ? 1 : 0);
  const free = inTheWay
    .flatMap((box) => [box.y - CLEAR.above, box.y + box.height + CLEAR.below])
    .filter((y) => y >= lowest && !inTheWay.some((box) => isPassed(box, y)))
    .sort((a, b) => cost(a) - cost(b));
  return free[0] ?? Math.max(from.y, to.y) + CLEAR.below * 2;
}

function rounded(points: readonly Point[]): string {
  let path = '';
  points.forEach((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (!before) path = `M${point.x},${point.y}`;
    else if (!after) path += ` L${point.x},${point.y}`;
    else {
      const radius = Math.min(CORNER, distance(before, point) / 2, distance(point, after) / 2);
      const [start, end] = [towards(point, before, radius), towards(point, after, radius)];
      path += ` L${start.x},${start.y} Q${point.x},${point.y} ${end.x},${end.y}`;
    }
  });
  return path;
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to);
  return length === 0 ? from : { x: from.x + ((to.x - from.x) / length) * by, y: from.y + ((to.y - from.y) / length) * by };
}
