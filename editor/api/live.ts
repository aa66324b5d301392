import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { LiveClientEvents, LiveServerEvents } from '../../runtime/api/contract.ts';

export type LiveSocket = Socket<LiveServerEvents, LiveClientEvents>;

/** The live channel. It reconnects by itself; whoever watches a flow asks again on `connect`. */
export function openLive(): LiveSocket {
  return io('/live', { transports: ['websocket'], autoConnect: false, reconnectionDelayMax: 5000 });
}
