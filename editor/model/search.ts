import type { Text } from '../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../runtime/flow/node-info.ts';

/** Finds what a person means by a few letters. */

/** How well a text answers a query: 0 not at all; higher is better. */
export function matchOf(query: string, ...texts: readonly string[]): number {
  const words = query.toLowerCase().trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return 1;
  let total = 0;
  for (const word of words) {
    const best = Math.max(0, ...texts.map((text, index) => wordMatch(word, text.toLowerCase()) / (index + 1)));
    if (best === 0) return 0;
    total += best;
  }
  return total / words.length;
}

function wordMatch(word: string, text: string): number {
  if (text.startsWith(word)) return 100;
  if (new RegExp(`[\\s\\-./(]${escaped(word)}`).test(text)) return 70;
  if (text.includes(word)) return 40;
  return isSpread(word, text) ? 10 : 0;
}

const escaped = (word: string): string => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

// "whk" finds "webhook": the letters in order, beginning at the beginning.
function isSpread(word: string, text: string): boolean {
  if (word.length < 3 || word[0] !== text[0]) return false;
  let at = 0;
  for (const letter of word) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** The node types that answer a query, best first; without a query all of them, in their order. People search in either language. */
export function searchNodes(nodes: readonly NodeInfo[], query: string, language: keyof Text): readonly NodeInfo[] {
  const other = language === 'en' ? 'ru' : 'en';
  return nodes
    .map((info) => ({ info, match: matchOf(query, info.title[language], info.title[other], info.type, ...(info.keywords ?? []), info.summary[language]) }))
    .filter(({ match }) => match > 0)
    .sort((a, b) => b.match - a.match)
    .map(({ info }) => info);
}
