import type { Json } from '../flow/flow.ts';

/** Tells the operator. Never given a secret. */
export type Log = (level: 'info' | 'warn' | 'error', text: string, details?: { readonly [name: string]: Json }) => void;
