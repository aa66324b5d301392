import type { GuestBufferClass } from './buffer.ts';
import { installChance, installFormats, installTime } from './chance.ts';
import { takeAnswer } from './fetch-api.ts';
import { allowOverride, harden, hiddenIntrinsics, removeDangerous } from './harden.ts';
import { allowOverrides, installModules, tryModules } from './modules.ts';
import { installApi } from './node-api.ts';
import { blame, collect, endTurn, nextTurn, step } from './run.ts';
import { setUp } from './setup.ts';
import { nextSlice, sliced } from './slices.ts';
import type { Guest, GuestConfig, Stage, Wire } from './state.ts';
import { installWire } from './wire.ts';

/** Makes a new context ready for one function node, or for several in a row, and answers the one function that the host calls. */
export function boot(configText: string, ...codes: (() => unknown)[]): (kind: number, number: number, text: string) => string {
  const Wall = Date;
  const wire: Wire = { writing: false, special: false, bytes: (base64) => (globalThis as unknown as { Buffer: GuestBufferClass }).Buffer.from(base64, 'base64') };
  const { stages: configs, whole } = JSON.parse(configText) as { stages: GuestConfig[]; whole: Pick<GuestConfig, 'back' | 'came'> };
  const loadModules = configs.some(({ moduleNames }) => moduleNames.length > 0) ? codes.pop() as Guest['loadModules'] : null;
  // The code of each node, then the setup code of those that have one, then what loads the modules.
  const setups = codes.splice(configs.length);
  const stages: Stage[] = configs.map((config, at) => ({ config, user: codes[at] as Guest['user'], setup: config.hasSetup ? setups.shift() ?? null : null }));
  const [first] = stages;
  if (!first) throw new Error('no code');
  const guest: Guest = {
    ...first, stages, whole: { ...first.config, ...whole }, loadModules, wallNow: Wall.now, wire, harden, batches: new Map(), current: null, timerIds: 0, turns: { calls: [], until: 0, chars: 0 }, finished: 0, leaving: new Map(),
    ...(first.config.net && { net: { rules: first.config.net, ids: 0, open: new Map(), used: new Map(), asked: [] } }),
  };
  removeDangerous();
  installTime(guest);
  installFormats(guest);
  installChance(guest);
  installWire(wire);
  installApi(guest);
  for (const kind of [Object, Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) allowOverride(kind.prototype as object);
  if (loadModules) allowOverrides(allowOverride);
  installModules(guest);
  harden([loadModules, ...hiddenIntrinsics(), ...codes, ...stages.flatMap(({ setup }) => setup ?? [])]);
  freezeGlobals();
  return (kind, number, text) => {
    if (kind === 0) return sliced(guest, number, step(guest, number, text));
    if (kind === 1) return sliced(guest, number, collect(guest, number));
    if (kind === 3) return setUp(guest);
    if (kind === 4) return tryModules(guest);
    if (kind === 5) return takeAnswer(guest, number, text);
    if (kind === 6) return endTurn(guest);
    if (kind === 7) return nextTurn(guest, number);
    if (kind === 8) return nextSlice(guest, number);
    return sliced(guest, number, blame(guest, number, JSON.parse(text) as [number, string, string][]));
  };
}

/** The global object itself, and everything that hangs on it. Assigning to a name that was never declared makes nothing that would last. */
export function freezeGlobals(): void {
  harden([globalThis]);
}
