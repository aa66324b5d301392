import { createSubscriber } from 'svelte/reactivity';

/** The one place in the editor that asks the browser for time. */

export const now = (): number => Date.now();

/** Calls back after a while; answers a function that calls it off. */
export function later(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

export function every(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
}

/** The time as something to be shown: who draws with it is drawn again at each tick, and nothing ticks while nobody does. */
export function ticking(ms: number): { readonly now: number } {
  const subscribe = createSubscriber((update) => every(ms, update));
  return {
    get now() {
      subscribe();
      return now();
    },
  };
}
