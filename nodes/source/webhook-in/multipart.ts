import busboy from 'busboy';
import { limits } from '../../../runtime/sdk/index.ts';
import type { Text } from '../../../runtime/sdk/index.ts';
import { Refused } from './answers.ts';
import { FormRecord } from './form.ts';

/** A file of a form, whole: larger files do not belong in a message. */
export interface FormFile { readonly field: string; readonly name: string; readonly type: string; readonly size: number; readonly bytes: Uint8Array }
export interface Multipart { readonly fields: { readonly [name: string]: unknown }; readonly files: readonly FormFile[] }

/** Reads a multipart form whole; a broken one is refused. */
export function parseMultipart(body: Uint8Array, contentType: string): Promise<Multipart> {
  return new Promise((resolve, reject) => {
    const form = new FormRecord();
    const files: FormFile[] = [];
    const refuse = (error: unknown): void => {
      const why = error instanceof Error ? error.message : String(error);
      reject(error instanceof Refused ? error : broken({ en: why, ru: why }));
    };
    let parser: busboy.Busboy;
    try {
      parser = busboy({
        headers: { 'content-type': contentType }, defParamCharset: 'utf8',
        limits: { files: limits.webhookFormFilesMax, fields: limits.webhookFormFieldsMax, fieldSize: body.length, fileSize: body.length + 1 },
      });
    } catch (error) { refuse(error); return; }
    parser.on('field', (name, value) => { try { form.add(name, value); } catch (error) { refuse(error); } });
    parser.on('file', (field, stream, info) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      // A file that breaks off is told by the parser itself.
      stream.on('error', refuse);
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks);
        files.push({ field, name: info.filename ?? '', type: info.mimeType, size: bytes.length, bytes });
      });
    });
    parser.on('filesLimit', () => refuse(broken({ en: `it has more than ${limits.webhookFormFilesMax} files`, ru: `в ней больше ${limits.webhookFormFilesMax} файлов` })));
    parser.on('fieldsLimit', () => refuse(broken({ en: `it has more than ${limits.webhookFormFieldsMax} fields`, ru: `в ней больше ${limits.webhookFormFieldsMax} полей` })));
    parser.on('error', refuse);
    parser.on('close', () => resolve({ fields: form.record, files }));
    parser.end(body);
  });
}

const broken = (why: Text): Refused => new Refused(400, 'webhook.bad-body', { en: `the multipart form cannot be read: ${why.en}; nothing was accepted`, ru: `форма multipart не читается: ${why.ru}; ничего не принято` });
