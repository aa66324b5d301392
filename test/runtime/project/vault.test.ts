import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../runtime/errors.ts';
import { openVault, type Vault } from '../../../runtime/project/vault.ts';
import { systemRandom } from '../../../runtime/random.ts';

let dataDir: string;
let logged: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-vault-'));
  logged = [];
});
afterEach(() => { rmSync(dataDir, { recursive: true, force: true }); });

const open = (secretKey?: string): Vault => openVault({ dataDir, secretKey, random: systemRandom, log: (level, text) => { logged.push(`${level}: ${text}`); } });
const keyFile = (): string => join(dataDir, 'secret.key');
function failureOf(call: () => unknown): Failure {
  try {
    call();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const HEX = 'a1'.repeat(32);
const BASE64 = Buffer.from(HEX, 'hex').toString('base64');

describe('what is sealed', () => {
  test('opens again with the same key, whatever text it is', () => {
    const vault = open();
    for (const value of ['', 'p', 'пароль 🔑', '\u0000\n', 'x'.repeat(100_000)]) expect(open().open('db', vault.seal('db', value))).toBe(value);
  });
  test('never repeats, although the value is the same', () => {
    const vault = open();
    expect(Buffer.from(vault.seal('db', 'same'))).not.toEqual(Buffer.from(vault.seal('db', 'same')));
  });
  test('does not open under another name, so a stored secret cannot be passed off as another', () => {
    const vault = open();
    expect(failureOf(() => vault.open('other', vault.seal('db', 'value'))).details).toEqual({ name: 'other', reason: 'damaged' });
  });
  test('does not open when a single bit of it is changed', () => {
    const vault = open();
    const sealed = vault.seal('db', 'value');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(failureOf(() => vault.open('db', changed)).code).toBe('secret.unreadable');
    }
    expect(failureOf(() => vault.open('db', sealed.subarray(0, 10))).code).toBe('secret.unreadable');
  });
  test('says that the key is another one, and neither value nor key', () => {
    const sealed = open(HEX).seal('db', 'the-very-value');
    const failure = failureOf(() => open('b2'.repeat(32)).open('db', sealed));
    expect(failure.details).toEqual({ name: 'db', reason: 'other-key' });
    expect(failure.fix?.en).toContain('MILLRACE_SECRET_KEY');
    expect(JSON.stringify([failure.text, failure.fix, failure.details, failure.stack])).not.toMatch(/the-very-value|a1a1|b2b2/);
  });
});

describe('the key from the environment', () => {
  test('is the same 32 bytes in hex and in base64, with and without padding', () => {
    const sealed = open(HEX).seal('db', 'value');
    for (const key of [HEX.toUpperCase(), BASE64, BASE64.replace('=', ''), Buffer.from(HEX, 'hex').toString('base64url')]) {
      expect(open(key).open('db', sealed)).toBe('value');
      expect(open(key).keyFrom).toBe('environment');
    }
  });
  test('may be a passphrase, which gives the same key on every machine', () => {
    const sealed = open('correct horse battery').seal('db', 'value');
    rmSync(dataDir, { recursive: true });
    expect(open('correct horse battery').open('db', sealed)).toBe('value');
    expect(open('correct horse battery').keyFrom).toBe('passphrase');
    expect(failureOf(() => open('correct horse batterz').open('db', sealed)).details).toMatchObject({ reason: 'other-key' });
  });
  test('leaves no key file behind', () => {
    open(HEX);
    expect(statSync(keyFile(), { throwIfNoEntry: false })).toBeUndefined();
  });
  test('that is too short to be a passphrase is refused without repeating it', () => {
    const failure = failureOf(() => open('only-15-letters'));
    expect(failure.code).toBe('secret.key-invalid');
    expect(failure.text.en).not.toContain('only-15');
  });
});

describe('the key file', () => {
  test('is made once, for its owner alone, and found again', () => {
    const sealed = open().seal('db', 'value');
    const key = readFileSync(keyFile(), 'utf8');
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(open().open('db', sealed)).toBe('value');
    expect(readFileSync(keyFile(), 'utf8')).toBe(key);
    expect(logged.join()).not.toContain(key.trim());
  });
  test('that others can read is closed to them, and the log says so', () => {
    open();
    chmodSync(keyFile(), 0o644);
    logged = [];
    open();
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    expect(logged).toEqual([expect.stringContaining('warn')]);
  });
  test('that holds no key is refused and not written over', () => {
    writeFileSync(keyFile(), 'half a k', { mode: 0o600 });
    expect(failureOf(() => open()).code).toBe('secret.key-invalid');
    expect(readFileSync(keyFile(), 'utf8')).toBe('half a k');
  });
  test('another one does not open what the first one sealed', () => {
    const sealed = open().seal('db', 'value');
    rmSync(keyFile());
    expect(failureOf(() => open().open('db', sealed)).details).toMatchObject({ reason: 'other-key' });
  });
});
