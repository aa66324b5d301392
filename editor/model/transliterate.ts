const LATIN: { readonly [letter: string]: string } = {
  а: 'a', б: 'b', в: 'v', г: 'g', д: 'd', е: 'e', ё: 'e', ж: 'zh', з: 'z', и: 'i', й: 'y', к: 'k', л: 'l', м: 'm', н: 'n', о: 'o', п: 'p',
  р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'kh', ц: 'ts', ч: 'ch', ш: 'sh', щ: 'sch', ъ: '', ы: 'y', ь: '', э: 'e', ю: 'yu', я: 'ya',
};

/** Text in letters that an id or a file name can hold: Cyrillic by sound, accents dropped. */
export function toLatin(text: string): string {
  // Composed first, or the dots of ё and the breve of й would be dropped as accents.
  const latin = text.normalize('NFC').replace(/[а-яё]/gi, (letter) => {
    const by = LATIN[letter.toLowerCase()] ?? '';
    return letter === letter.toLowerCase() ? by : by.toUpperCase();
  });
  return latin.normalize('NFD').replace(/\p{M}/gu, '');
}
