import type { Translation } from '../catalogue.ts';
import type { debug as english } from '../en/debug.ts';

export const debug: Translation<typeof english> = {
};
