import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { limits } from '../../../runtime/limits.ts';
import { ApiKit } from '../../kit/api-kit.ts';
import { VirtualTime } from '../../kit/virtual-time.ts';

const send = (kit: ApiKit, path: string, agent: Agent): ClientRequest => request({ host: '127.0.0.1', port: kit.port, path, agent }).end();
async function answered(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = await once(sent, 'response') as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer;
}

test('a sender that comes before the runtime is told to come again, and is served afterwards on the same address', async () => {
  const kit = new ApiKit();
  await kit.listen();
  const early = await kit.ask({ method: 'POST', path: '/hook/lead', body: {} });
  expect([early.status, early.headers['retry-after'], early.json]).toEqual([503, '1', { status: 'starting' }]);
  expect([(await kit.ask({ path: '/health/live' })).status, (await kit.ask({ path: '/health/ready' })).status]).toEqual([200, 503]);
  kit.openDoor();
  expect([(await kit.ask({ method: 'POST', path: '/hook/lead', body: {} })).status, (await kit.ask({ path: '/health/ready' })).status]).toEqual([202, 200]);
  await kit.close();
});

test('closing answers what is under way, ends connections that are kept alive, and takes no new ones', async () => {
  const kit = await new ApiKit().open();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await answered(send(kit, '/api/v1/flows', agent))).headers.connection).toBe('keep-alive');
  const waiting: ServerResponse[] = [];
  kit.host.hook = (_request, response) => { waiting.push(response); };
  const underWay = send(kit, '/hook/slow', agent);
  await expect.poll(() => waiting.length).toBe(1);
  const { port } = kit;
  const closed = kit.openedApi.close();
  waiting[0]?.end('done');
  const answer = await answered(underWay);
  expect(answer.statusCode).toBe(200);
  await closed;
  await expect(answered(request({ host: '127.0.0.1', port, path: '/health/live' }).end())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  agent.destroy();
});

test('closing waits no longer than its limit for an answer', async () => {
  const clock = new VirtualTime();
  const kit = await new ApiKit({ clock }).open();
  let asked = false;
  kit.host.hook = () => { asked = true; };
  const stuck = send(kit, '/hook/never', new Agent());
  const cut = once(stuck, 'error');
  await expect.poll(() => asked).toBe(true);
  const closed = kit.openedApi.close();
  await clock.advance(limits.httpDrainMs);
  await closed;
  expect((await cut)[0]).toMatchObject({ code: 'ECONNRESET' });
});
