import type { Translation } from '../catalogue.ts';
import type { transfer as english } from '../en/transfer.ts';

export const transfer: Translation<typeof english> = {
};
