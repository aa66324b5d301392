import type { GuestBufferClass } from './buffer.ts';
import { installChance, installFormats, installTime } from './chance.ts';
import { takeAnswer } from './fetch-api.ts';
import { allowOverride, harden, hiddenIntrinsics, removeDangerous } from './harden.ts';
import { allowOverrides, installModules, tryModules } from './modules.ts';
import { installApi } from './node-api.ts';
import { blame, collect, endTurn, nextTurn, step } from './run.ts';
import { setUp } from './setup.ts';
import { nextSlice, sliced } from './slices.ts';
import type { Between, Guest, Stage, StageConfig, Wire } from './state.ts';
import { copied, installWire } from './wire.ts';

/** Makes a new context ready for one function node, or for several in a row, and answers the one function that the host calls. */
export function boot(configText: string, ...codes: (() => unknown)[]): (kind: number, number: number, text: string) => string {
  const Wall = Date;
  const wire: Wire = { writing: false, special: false, bytes: (base64) => (globalThis as unknown as { Buffer: GuestBufferClass }).Buffer.from(base64, 'base64') };
  const configs = JSON.parse(configText) as StageConfig[];
  const loadModules = configs.some(({ config: { moduleNames } }) => moduleNames.length > 0) ? codes.pop() as Guest['loadModules'] : null;
  // The code of each node, then that of other nodes between them, then the setup code of those that have one, then what loads the modules.
  const between = codes.splice(configs.length, configs.reduce((sum, { codes: count }) => sum + count, 0)).map((make) => (make as unknown as (copy: (value: unknown) => unknown) => Between)((value) => copied(wire, value)));
  const setups = codes.splice(configs.length);
  const stages: Stage[] = configs.map(({ config, whole, codes: count }, at) => ({ config, whole: { ...config, ...whole }, before: between.splice(0, count), user: codes[at] as Guest['user'], setup: config.hasSetup ? setups.shift() ?? null : null }));
  const [first] = stages;
  if (!first) throw new Error('no code');
  const guest: Guest = {
    config: first.config, whole: first.whole, user: first.user, stages, loadModules, wallNow: Wall.now, wire, harden, batches: new Map(), current: null, timerIds: 0, turns: { calls: [], until: 0, chars: 0 }, finished: 0, leaving: new Map(), large: 0,
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
