import { hash } from 'node:crypto';

/** 22 characters that are the same for the same text everywhere: derived ids. */
export const shortHash = (text: string): string => hash('sha256', text, 'base64url').slice(0, 22);
