import { createCipheriv, createDecipheriv, createHmac, scryptSync } from 'node:crypto';
import { Failure } from '../errors.ts';
import type { Random } from '../random.ts';
import { loadKeyFile, parseKey } from './key-file.ts';
import type { Log } from './log.ts';

/** Seals secrets with AES-256-GCM. What is sealed opens only with the same key and under the same name. */
export interface Vault {
  seal(name: string, value: string): Uint8Array;
  /** Throws a `Failure` `secret.unreadable` when the key is another one or the bytes were changed. */
  open(name: string, sealed: Uint8Array): string;
  /** Where the key comes from, for the log. */
  readonly keyFrom: 'environment' | 'passphrase' | 'key-file';
}

export interface VaultOptions {
  readonly dataDir: string;
  /** `MILLRACE_SECRET_KEY`: 32 bytes in hex (64 characters) or base64 (43 or 44), else a passphrase of at least 16 characters. */
  readonly secretKey?: string | undefined;
  readonly random: Random;
  readonly log: Log;
}

/** With `secretKey` that is the key; else the file `secret.key` of the data folder, made at first use with mode 600. */
export function openVault(options: VaultOptions): Vault {
  const { secretKey, random } = options;
  if (secretKey === undefined || secretKey === '') return vaultWith(loadKeyFile(options), random, 'key-file');
  const key = parseKey(secretKey);
  if (key) return vaultWith(key, random, 'environment');
  return vaultWith(keyOfPassphrase(secretKey), random, 'passphrase');
}

const PASSPHRASE_MIN = 16;
// The salt is fixed, so that one passphrase gives one key on every machine that shares a store; the cost of scrypt stands against guessing.
const SALT = 'millrace.secret/1';
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };

function keyOfPassphrase(passphrase: string): Buffer {
  if (passphrase.length < PASSPHRASE_MIN) {
    throw new Failure('secret.key-invalid', {
      en: `reading MILLRACE_SECRET_KEY: a passphrase needs at least ${PASSPHRASE_MIN} characters, this one has ${passphrase.length}`,
      ru: `чтение MILLRACE_SECRET_KEY: фраза должна быть не короче ${PASSPHRASE_MIN} знаков, в этой ${passphrase.length}`,
    });
  }
  return scryptSync(passphrase.normalize('NFC'), SALT, 32, SCRYPT);
}

// Layout of what is sealed: format 1 | key mark 4 | nonce 12 | tag 16 | cipher text.
const FORMAT = 1;
const MARK_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + MARK_BYTES + NONCE_BYTES + TAG_BYTES;

function vaultWith(key: Buffer, random: Random, keyFrom: Vault['keyFrom']): Vault {
  // Tells another key from changed bytes, so that the failure can say which it is.
  const mark = createHmac('sha256', key).update('millrace.key-mark/1').digest().subarray(0, MARK_BYTES);
  return {
    keyFrom,
    seal(name, value) {
      const nonce = random.bytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
      const body = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
      return new Uint8Array(Buffer.concat([Buffer.from([FORMAT]), mark, nonce, cipher.getAuthTag(), body]));
    },
    open(name, sealed) {
      const bytes = Buffer.from(sealed);
      if (bytes.length < HEAD_BYTES || bytes[0] !== FORMAT) throw unreadable(name, 'damaged');
      if (!bytes.subarray(1, 1 + MARK_BYTES).equals(mark)) throw unreadable(name, 'other-key');
      const nonce = bytes.subarray(1 + MARK_BYTES, 1 + MARK_BYTES + NONCE_BYTES);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(name));
        decipher.setAuthTag(bytes.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
      } catch {
        throw unreadable(name, 'damaged');
      }
    },
  };
}

function unreadable(name: string, reason: 'other-key' | 'damaged'): Failure {
  const text = reason === 'other-key'
    ? { en: `opening the secret ${name}: it was stored with another key`, ru: `чтение секрета ${name}: его сохранили с другим ключом` }
    : { en: `opening the secret ${name}: what is stored was changed or damaged`, ru: `чтение секрета ${name}: сохранённые данные изменены или повреждены` };
  const fix = reason === 'other-key'
    ? { en: `Start Millrace with the key it was stored with (MILLRACE_SECRET_KEY, or secret.key from a backup of the data folder), or set the secret ${name} again.`, ru: `Запустите Millrace с тем ключом, с которым его сохраняли (MILLRACE_SECRET_KEY или secret.key из копии папки данных), или задайте секрет ${name} заново.` }
    : { en: `Set the secret ${name} again.`, ru: `Задайте секрет ${name} заново.` };
  return new Failure('secret.unreadable', text, { fix, details: { name, reason } });
}
