import type { Translation } from '../catalogue.ts';
import type { inspector as english } from '../en/inspector.ts';

export const inspector: Translation<typeof english> = {
};
