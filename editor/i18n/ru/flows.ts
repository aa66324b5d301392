import type { Translation } from '../catalogue.ts';
import type { flows as english } from '../en/flows.ts';

export const flows: Translation<typeof english> = {
};
