import type { Translation } from '../catalogue.ts';
import type { revisions as english } from '../en/revisions.ts';

export const revisions: Translation<typeof english> = {
  'revisions.title': 'Ревизии',
  'revisions.loading': 'Загрузка ревизий',
  'revisions.none': 'Поток ещё не применяли',
  'revisions.none-text': 'Каждое применение создаёт ревизию. Она хранится здесь: её можно посмотреть и к ней вернуться.',
  'revisions.revision': 'Ревизия {n}',
  'revisions.live': 'работает',
  'revisions.last': 'последняя',
  'revisions.choose': 'Выберите ревизию',
  'revisions.choose-text': 'Здесь будет нарисовано, что в ней изменилось, и к ней можно вернуться.',
  'revisions.against': 'С чем сравнить',
  'revisions.against-nothing': 'До неё ничего не было',
  'revisions.against-previous': 'После ревизии {n}',
  'revisions.against-live': 'Рядом с работающей ({n})',
  'revisions.against-draft': 'Рядом с черновиком',
  'revisions.changes': { one: '{n} изменение', few: '{n} изменения', many: '{n} изменений', other: '{n} изменения' },
  'revisions.no-changes': 'Различий нет',
  'revisions.no-changes-text': 'Обе делают одно и то же; карточки могут стоять иначе.',
  'revisions.drawing': 'Изменения на рисунке',
  'revisions.same': 'без изменений',
  'revisions.of-node': 'узел',
  'revisions.of-wire': 'связь',
  'revisions.of-flow': 'настройки потока',
  'revisions.not-set': 'не задано',
  'revisions.roll-back': 'Вернуться к ревизии {n}',
};
