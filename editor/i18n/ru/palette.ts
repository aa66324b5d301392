import type { Translation } from '../catalogue.ts';
import type { palette as english } from '../en/palette.ts';

export const palette: Translation<typeof english> = {
  'palette.label': 'Типы узлов',
  'palette.find': 'Найти узел',
  'palette.none': 'По запросу «{query}» узлов нет',
  'palette.none-text': 'Попробуйте другое слово или узел «Функция»: он выполняет ваш код.',
  'palette.clear': 'Очистить поиск',
  'palette.add': 'Добавить узел «{node}»',
  'palette.failed': 'Не удалось загрузить список узлов',
  'palette.source': 'Источники',
  'palette.sink': 'Приёмники',
  'palette.logic': 'Логика',
  'palette.code': 'Код',
  'palette.data': 'Данные',
  'palette.crm': 'Контакты и компании',
  'palette.time': 'Время',
  'palette.people': 'Люди',
};
