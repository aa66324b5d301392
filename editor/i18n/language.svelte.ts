export type Language = 'en' | 'ru';

const KEY = 'millrace.language';

function firstLanguage(): Language {
  const stored = globalThis.localStorage?.getItem(KEY);
  if (stored === 'en' || stored === 'ru') return stored;
  return globalThis.navigator?.language?.startsWith('ru') ? 'ru' : 'en';
}

/** The language of the screen. Reading `current` in a template makes it follow a change. */
class LanguageChoice {
  #current = $state<Language>(firstLanguage());

  get current(): Language {
    return this.#current;
  }

  set current(language: Language) {
    this.#current = language;
    globalThis.localStorage?.setItem(KEY, language);
    if (globalThis.document) document.documentElement.lang = language;
  }
}

export const language = new LanguageChoice();
