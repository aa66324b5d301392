import { afterAll, describe, expect, test } from 'vitest';
import type { LookupAddress } from 'node:dns';
import { createFetch } from '../../../runtime/http-out/fetch.ts';
import { barredBy, networkPolicy, type NetworkPolicy } from '../../../runtime/http-out/network.ts';
import type { Resolve } from '../../../runtime/http-out/connector.ts';
import type { Failure } from '../../../runtime/errors.ts';
import type { NodeFailure } from '../../../runtime/sdk/index.ts';
import { localServer } from '../../kit/local-server.ts';

/** Which addresses are called, in whatever way they are written, and that no name can lead elsewhere. */

const nothing: NetworkPolicy = networkPolicy({});
const names: Resolve = (_, __, found) => { found(null, [{ address: '127.0.0.1', family: 4 }]); };
const net = createFetch({ policy: nothing, resolve: names });
const codeOf = async (call: Promise<unknown>): Promise<string> => await call.then(() => 'called', (error: unknown) => (error as NodeFailure).code);
const closing: (() => Promise<void>)[] = [() => net.close()];
afterAll(async () => { for (const close of closing) await close(); });

const PRIVATE = [
  '127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0X7F.1', '017700000001', '0177.0.0.1', '127.0.0.01', '127.255.255.254', '%31%32%37.0.0.1', '①②⑦.⓪.⓪.①', '127。0。0。1',
  '0', '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '0xa.1', '167772161', '100.64.0.1', '100.127.255.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1',
  '192.168.0.1', '192.168.1', '3232235777', '0300.0250.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.7', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '4294967295',
  '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:10.0.0.1]', '[::ffff:0:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::a00:1]', '[64:ff9b::]', '[64:ff9b:1::1]',
  '[fc00::1]', '[fd12:3456:789a::1]', '[fec0::1]', '[ff02::1]', '[2001:db8::1]', '[2001::1]', '[2002:7f00:1::]', '[3fff::1]', '[100::1]', '[5f00::1]', 'localhost', 'name.example', 'LOCALHOST.',
];
const GUARDED = [
  '169.254.169.254', '169.254.170.2', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.254.43518', '169.254.0.1', '[fe80::1]', '[febf::1]', '[::ffff:169.254.169.254]', '[64:ff9b::169.254.169.254]', '[fd00:ec2::254]', '[FD00:EC2:0:0:0:0:0:254]',
  '[fd20:ce::254]', '100.100.100.200', '168.63.129.16', '192.0.0.192', '[::ffff:a9fe:a9fe]',
];
const PUBLIC = ['93.184.216.34', '8.8.8.8', '100.63.255.255', '172.32.0.1', '192.0.1.1', '2606:4700:4700::1111', '2a00:1450:4001::1', '::ffff:8.8.8.8', '64:ff9b::808:808'];

describe('what asks for the public internet only', () => {
  test.each([...PRIVATE, ...GUARDED])('never calls %s', async (host) => {
    expect(await codeOf(net.fetch(`http://${host}/`, { publicOnly: true }))).toBe('http.blocked');
  });
  test.each(PUBLIC)('may call %s', (address) => { expect(barredBy(nothing, address, true)).toBeUndefined(); });
  test.each(['', 'x', '1.2.3', '::g', '1.2.3.4.5'])('never what is no address: %j', (address) => { expect(barredBy(nothing, address, true)).toBe('private'); });
  test('a zone changes nothing', () => { expect(barredBy(nothing, 'fe80::1%eth0', true)).toBe('guarded'); });
});

describe('a node that was told whom to call', () => {
  test('calls private addresses, as integrations do', async () => {
    const server = await localServer((_, response) => { response.end('in'); });
    closing.push(() => server.close());
    expect((await net.fetch(server.url)).text()).toBe('in');
    expect((await net.fetch(`http://intranet.example:${server.port}/`)).text()).toBe('in');
  });
  test.each(GUARDED)('never calls %s', async (host) => { expect(await codeOf(net.fetch(`http://${host}/latest/meta-data`))).toBe('http.blocked'); });
  test('calls none where the installation forbids private networks', async () => {
    const strict = createFetch({ policy: networkPolicy({ MILLRACE_PRIVATE_NETWORKS: 'forbidden' }), resolve: names });
    closing.push(() => strict.close());
    for (const host of ['127.0.0.1', '10.0.0.1', '[::1]', 'name.example']) expect(await codeOf(strict.fetch(`http://${host}/`))).toBe('http.blocked');
  });
});

describe('networks that the installation allows', () => {
  const policy = networkPolicy({ MILLRACE_ALLOWED_NETWORKS: '127.0.0.1, 10.1.0.0/16\n169.254.169.254 fd00:1::/32', MILLRACE_PRIVATE_NETWORKS: 'forbidden' });
  test.each(['127.0.0.1', '10.1.255.3', '169.254.169.254', 'fd00:1::5', '::ffff:10.1.0.1', '64:ff9b::a01:1'])('%s may be called', (address) => { expect(barredBy(policy, address, true)).toBeUndefined(); });
  test.each(['127.0.0.2', '10.2.0.1', '169.254.169.253', 'fd00:2::5', '::1'])('%s not', (address) => { expect(barredBy(policy, address, true)).toBeDefined(); });
  test.each([['MILLRACE_ALLOWED_NETWORKS', '10.0.0.0/33'], ['MILLRACE_ALLOWED_NETWORKS', 'intranet'], ['MILLRACE_ALLOWED_NETWORKS', '10.0.0.0/8/8'], ['MILLRACE_ALLOWED_NETWORKS', '::/129'], ['MILLRACE_ALLOWED_NETWORKS', '10.0.0.0/'], ['MILLRACE_PRIVATE_NETWORKS', 'no']])('%s=%s is refused with its name', (name, value) => {
    try {
      networkPolicy({ [name]: value });
      expect.unreachable();
    } catch (error) {
      const { code, text } = error as Failure;
      expect([code, text.en.includes(name)]).toEqual(['network.setting-invalid', true]);
    }
  });
});

describe('a name', () => {
  const answers: LookupAddress[][] = [];
  let asked = 0;
  const resolve: Resolve = (_, __, found) => { asked++; found(null, answers.shift() ?? []); };
  const at = (...addresses: string[]): void => { answers.push(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))); };
  const only = createFetch({ policy: networkPolicy({ MILLRACE_ALLOWED_NETWORKS: '127.0.0.1' }), resolve });
  closing.push(() => only.close());

  test('is looked up once, and what was judged is what is called: answering differently later leads nowhere', async () => {
    const server = await localServer((_, response) => { response.writeHead(200, { connection: 'close' }).end('ok'); });
    closing.push(() => server.close());
    at('127.0.0.1');
    at('127.0.0.2');
    expect((await only.fetch(`http://rebind.example:${server.port}/`, { publicOnly: true })).text()).toBe('ok');
    expect(asked).toBe(1);
    expect(await codeOf(only.fetch(`http://rebind.example:${server.port}/`, { publicOnly: true }))).toBe('http.blocked');
    expect(server.requests).toHaveLength(1);
  });
  test('that leads to both kinds is called where it may be', async () => {
    const server = await localServer((_, response) => { response.end('ok'); });
    closing.push(() => server.close());
    at('10.0.0.1', '127.0.0.1', '::1');
    expect((await only.fetch(`http://both.example:${server.port}/`, { publicOnly: true })).text()).toBe('ok');
  });
  test('that leads nowhere, or to a metadata service, is not called', async () => {
    at();
    expect(await codeOf(only.fetch('http://nowhere.example/', { publicOnly: true }))).toBe('http.blocked');
    at('169.254.169.254');
    expect(await codeOf(only.fetch('http://metadata.google.internal/'))).toBe('http.blocked');
  });
  test('gives no connection on that another had opened to a private address', async () => {
    const server = await localServer((_, response) => { response.end('ok'); });
    closing.push(() => server.close());
    const open = createFetch({ policy: nothing, resolve: names });
    closing.push(() => open.close());
    expect((await open.fetch(`http://shared.example:${server.port}/`)).text()).toBe('ok');
    expect(await codeOf(open.fetch(`http://shared.example:${server.port}/`, { publicOnly: true }))).toBe('http.blocked');
    expect(server.requests).toHaveLength(1);
  });
  test('that cannot be found is the host’s failure, as before', async () => {
    const lost = createFetch({ policy: nothing, resolve: (_, __, found) => { found(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), []); } });
    closing.push(() => lost.close());
    expect(await codeOf(lost.fetch('http://lost.example/'))).toBe('http.unreachable');
  });
});

describe('a redirect', () => {
  test('is judged as a first call is, and each address is told before it is called', async () => {
    const server = await localServer((request, response) => {
      if (request.url === '/meta') response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end();
      else if (request.url === '/on') response.writeHead(307, { location: '/end' }).end();
      else response.end('end');
    });
    closing.push(() => server.close());
    expect(await codeOf(net.fetch(`${server.url}/meta`))).toBe('http.blocked');
    const told: string[] = [];
    const answer = await net.fetch(`${server.url}/on`, { eachHop: (url) => { told.push(url.pathname); } });
    expect([told, answer.url]).toEqual([['/on', '/end'], `${server.url}/end`]);
    const stop = new Error('not there');
    await expect(net.fetch(`${server.url}/on`, { eachHop: (url) => { if (url.pathname === '/end') throw stop; } })).rejects.toBe(stop);
    expect(server.requests.at(-1)?.url).toBe('/on');
  });
});
