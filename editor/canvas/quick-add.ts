import type { Wire } from '../../runtime/api/contract.ts';
import type { PortType } from '../../runtime/flow/node-info.ts';
import type { Position } from '../model/edit.ts';

/** Where the list of node types opens and what becomes of the one that is picked. */
export interface QuickAddRequest {
  /** From the canvas's corner, in pixels of the screen. */
  readonly screen: { readonly x: number; readonly y: number };
  readonly bounds: { readonly width: number; readonly height: number };
  /** Place of the new card in the flow. */
  readonly at: Position;
  readonly wiredTo?: { readonly end: string; readonly direction: 'from' | 'into'; readonly body: PortType | undefined };
  readonly into?: Wire;
}
