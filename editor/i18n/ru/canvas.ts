import type { Translation } from '../catalogue.ts';
import type { canvas as english } from '../en/canvas.ts';

export const canvas: Translation<typeof english> = {
};
