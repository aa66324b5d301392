import type { BackupAnswer } from '../api/contract.ts';
import type { Text } from '../flow/flow.ts';
import type { SalvageReport } from '../journal/salvage.ts';

const LINKS_NAMED = 10; // a folder made by pnpm has thousands

/** What the command says to a person. The language follows the terminal's locale. */
export type Language = 'en' | 'ru';

export function languageOf(environment: { readonly [name: string]: string | undefined }): Language {
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  return locale.toLowerCase().startsWith('ru') ? 'ru' : 'en';
}

export const help: Text = {
  en: `millrace: a visual integration runtime

  millrace serve   [--port 4880] [--host 127.0.0.1] [--data ./data] [--flows DIR]   editor and runtime
  millrace run     --flows DIR [--port 4880] [--data ./data]                        runtime without the editor
  millrace check   FLOW…            every problem of flow files; exits with 1 when one is an error
  millrace test    FLOW…            runs the cases beside each flow, in virtual time
  millrace import  FILE             saves flows of a file into the data folder, as drafts
  millrace export  ID…              prints flows of the data folder
  millrace replay  RUN… [--mode same-keys] [--from NODE]   repeats runs in the Millrace that listens on --port
  millrace backup  [FOLDER]         copies everything of the data folder, also of one in use; else below its folder backups
  millrace restore FOLDER           puts a backup into an empty data folder
  millrace modules                  the modules that function nodes may use: version, size, what is wrong with them
  millrace salvage                  takes what is readable out of a damaged journal into a new one, and says what is lost

  --mode MODE   same-keys (only missing effects), new-generation (everything again) or dry-run (nothing happens)
  --nodes DIR   further node types, one file each
  --modules A,B names of the npm modules below data/modules that function nodes may use
  --log LEVEL   debug, info, warn (the default) or error
  Each option can be given as an environment variable: --port as MILLRACE_PORT, and so on.
  With --flows the files are the truth: what is saved in the editor is written there.`,
  ru: `millrace: визуальная среда интеграции

  millrace serve   [--port 4880] [--host 127.0.0.1] [--data ./data] [--flows ПАПКА]   редактор и среда выполнения
  millrace run     --flows ПАПКА [--port 4880] [--data ./data]                        среда выполнения без редактора
  millrace check   ПОТОК…           все ошибки в файлах потоков; код выхода 1, если они есть
  millrace test    ПОТОК…           прогоняет примеры рядом с каждым потоком, время виртуальное
  millrace import  ФАЙЛ             сохраняет потоки из файла в папку данных как черновики
  millrace export  ID…              печатает потоки из папки данных
  millrace replay  ЗАПУСК… [--mode same-keys] [--from УЗЕЛ]   повторяет запуски в Millrace, который слушает --port
  millrace backup  [ПАПКА]          копирует всё из папки данных, в том числе занятой; по умолчанию в её папку backups
  millrace restore ПАПКА            восстанавливает копию в пустую папку данных
  millrace modules                  модули, доступные узлам «Функция»: версия, размер, что с ними не так
  millrace salvage                  извлекает читаемое из повреждённого журнала в новый и сообщает, что потеряно

  --mode РЕЖИМ    same-keys (только недостающие действия), new-generation (всё заново) или dry-run (ничего не происходит)
  --nodes ПАПКА   дополнительные типы узлов, по одному в файле
  --modules A,B   имена модулей npm из data/modules, доступных узлам «Функция»
  --log УРОВЕНЬ   debug, info, warn (по умолчанию) или error
  Любой параметр можно задать переменной окружения: --port как MILLRACE_PORT и так далее.
  С --flows истина — это файлы: сохранённое в редакторе записывается туда.`,
};

export const said = {
  serving: (address: string): Text => ({ en: `Millrace is ready: ${address}`, ru: `Millrace готов: ${address}` }),
  stopping: { en: 'Stopping: calls under way may end, the rest stays in the journal.', ru: 'Остановка: начатые вызовы завершаются, остальное остаётся в журнале.' },
  stoppingNow: { en: 'Stopped at once: what was accepted is in the journal, calls under way are made again at the next start.', ru: 'Остановлено сразу: принятое записано в журнал, начатые вызовы повторятся при следующем запуске.' },
  building: { en: 'Building the editor; only the first start needs this…', ru: 'Сборка редактора; это нужно только при первом запуске…' },
  buildFailed: { en: 'Building the editor failed for the reason above; only the API is served.', ru: 'Редактор не собрался, причина указана выше; обслуживается только API.' },
  noEditor: { en: 'The editor cannot be built here; only the API is served.', ru: 'Редактор здесь не собрать; обслуживается только API.' },
  unknown: (command: string): Text => ({ en: `There is no command "${command}". See millrace --help.`, ru: `Команды «${command}» нет. Справка: millrace --help.` }),
  loopback: (host: string): Text => ({
    en: `Millrace does not listen on ${host}: it has no sign-in yet, so everybody who reaches that address could change flows and read messages. Use 127.0.0.1 (the default).`,
    ru: `Millrace не слушает адрес ${host}: входа по учётной записи пока нет, и любой, кто до него доберётся, мог бы менять потоки и читать сообщения. Используйте 127.0.0.1 (по умолчанию).`,
  }),
  port: (port: string): Text => ({ en: `"${port}" is not a port: use a number from 0 to 65535.`, ru: `«${port}» — не порт: нужно число от 0 до 65535.` }),
  portTaken: (port: number): Text => ({ en: `Port ${port} is in use by another program: stop it, or choose another with --port.`, ru: `Порт ${port} занят другой программой: остановите её или выберите другой через --port.` }),
  cannotListen: (at: string, reason: string): Text => ({ en: `Listening on ${at}: ${reason}. Choose another port with --port.`, ru: `Не удалось занять ${at}: ${reason}. Выберите другой порт через --port.` }),
  dataUnusable: (dir: string, reason: string): Text => ({ en: `The data folder ${dir} cannot be used: ${reason}. Choose another with --data.`, ru: `Папку данных ${dir} нельзя использовать: ${reason}. Выберите другую через --data.` }),
  logLevel: (level: string, levels: readonly string[]): Text => ({ en: `"${level}" is not a log level: use one of ${levels.join(', ')}.`, ru: `«${level}» — не уровень журнала: допустимы ${levels.join(', ')}.` }),
  noSuchFile: (path: string): Text => ({ en: `There is no file or folder ${path}.`, ru: `Файла или папки ${path} нет.` }),
  dataTaken: (dir: string): Text => ({ en: `The data folder ${dir} is in use by another Millrace: stop it, or choose another folder with --data.`, ru: `Папка данных ${dir} занята другим Millrace: остановите его или выберите другую папку через --data.` }),
  journalDamaged: (file: string, reason: string): Text => ({
    en: `The journal ${file} is damaged: ${reason}. Keep it and the files beside it whose names begin alike, and restore a backup with millrace restore: what was accepted since is missing there, and what was done since is done again. Without one, take out what is readable with millrace salvage.`,
    ru: `Журнал ${file} повреждён: ${reason}. Сохраните его и соседние файлы с тем же началом имени и восстановите копию командой millrace restore: принятого после неё там нет, а сделанное после неё будет сделано ещё раз. Если копии нет, извлеките читаемое командой millrace salvage.`,
  }),
  backedUp: ({ folder, bytes, files, key }: BackupAnswer): Text => ({
    en: `${folder} (${files} files, ${bytes} bytes)${key === 'environment' ? ' The key of the secrets is not in it: a restore needs the same MILLRACE_SECRET_KEY.' : ' The key of the secrets is in it: keep it where nobody else reads it.'}`,
    ru: `${folder} (файлов: ${files}, байт: ${bytes})${key === 'environment' ? ' Ключа секретов в ней нет: для восстановления нужен тот же MILLRACE_SECRET_KEY.' : ' В ней есть ключ секретов: храните её там, где её не прочитает никто посторонний.'}`,
  }),
  linksLeftOut: (links: readonly string[]): Text => {
    const named = links.slice(0, LINKS_NAMED).join(', ');
    const more = links.length - LINKS_NAMED;
    return {
      en: `Not in the backup are symbolic links and what they lead to: ${named}${more > 0 ? ` and ${more} more` : ''}. After a restore make them again, or install those packages in place of linking them.`,
      ru: `В копию не вошли символические ссылки и то, на что они указывают: ${named}${more > 0 ? ` и ещё ${more}` : ''}. После восстановления создайте их заново либо установите эти пакеты вместо ссылок на них.`,
    };
  },
  backupTaken: (folder: string): Text => ({ en: `${folder} is not empty: name a folder for the backup that is empty or does not exist.`, ru: `Папка ${folder} не пуста: укажите для копии пустую или несуществующую папку.` }),
  backupNeeded: { en: 'millrace restore needs the folder of a backup, and --data with an empty folder.', ru: 'Для millrace restore нужны папка с копией и --data с пустой папкой.' },
  noData: (folder: string): Text => ({ en: `${folder} is not a data folder: it has no journal. Name the folder with --data.`, ru: `${folder} — не папка данных: в ней нет журнала. Укажите папку через --data.` }),
  restored: (folder: string, { startedAt, version, key }: { readonly startedAt: number; readonly version: string; readonly key: string }): Text => {
    const at = new Date(startedAt).toISOString();
    return {
      en: `${folder} is as it was on ${at} (Millrace ${version}). What was accepted since is missing, and what was done since will be done again.${key === 'environment' ? ' Start with the MILLRACE_SECRET_KEY of that time.' : ''}`,
      ru: `${folder} в состоянии на ${at} (Millrace ${version}). Принятого после этого нет, а сделанное после этого будет сделано ещё раз.${key === 'environment' ? ' Запускайте с тем же MILLRACE_SECRET_KEY.' : ''}`,
    };
  },
  restoredFlows: (folder: string): Text => ({ en: `Its flows folder is ${folder}: start with --flows.`, ru: `Папка потоков: ${folder}; запускайте с --flows.` }),
  notRestored: (folder: string): Text => ({ en: `The data folder ${folder} was not restored to the end: empty it and restore again.`, ru: `Восстановление в папку данных ${folder} не закончено: очистите её и восстановите ещё раз.` }),
  nothingSalvaged: (file: string): Text => ({ en: `Nothing of the journal ${file} can be read: its beginning is destroyed. It was left as it is; restore a backup.`, ru: `Из журнала ${file} ничего нельзя прочитать: разрушено его начало. Он оставлен как есть; восстановите копию.` }),
  salvaged: (report: SalvageReport, folder: string): Text => {
    const { messages, kept: gathered, dead_letters: letters } = report.tables;
    const lost = report.lost.map(({ flow, node, messages: count }) => `${flow}/${node} ${count}`).join(', ');
    const gaps = Object.entries(report.tables).filter(([, table]) => table.gaps > 0).map(([name]) => name).join(', ');
    return {
      en: [
        `Taken out: ${messages?.taken ?? 0} messages, ${gathered?.taken ?? 0} that nodes have gathered, ${letters?.taken ?? 0} dead letters.`,
        lost === '' ? 'No index names a message that is missing.' : `Lost messages, by flow and node: ${lost}.`,
        ...(gaps === '' ? [] : [`Parts could not be read of: ${gaps}.`]),
        ...(report.unusable.length === 0 ? [] : [`Read but unusable: ${report.unusable.length} rows.`]),
        ...(report.runsLost === 0 ? [] : [`Runs of which nothing is left: ${report.runsLost}.`]),
        `The damaged journal and the report are in ${folder}.`,
      ].join('\n'),
      ru: [
        `Извлечено: сообщений ${messages?.taken ?? 0}, собранных узлами ${gathered?.taken ?? 0}, недоставленных ${letters?.taken ?? 0}.`,
        lost === '' ? 'Ни один индекс не называет недостающих сообщений.' : `Потеряны сообщения, по потокам и узлам: ${lost}.`,
        ...(gaps === '' ? [] : [`Не удалось прочитать части: ${gaps}.`]),
        ...(report.unusable.length === 0 ? [] : [`Прочитано, но непригодно строк: ${report.unusable.length}.`]),
        ...(report.runsLost === 0 ? [] : [`Запусков, от которых ничего не осталось: ${report.runsLost}.`]),
        `Повреждённый журнал и отчёт лежат в ${folder}.`,
      ].join('\n'),
    };
  },
  runsNeeded: { en: 'millrace replay needs the ids of the runs to repeat; the list of runs shows them.', ru: 'Для millrace replay нужны идентификаторы повторяемых запусков; они есть в списке запусков.' },
  replayMode: (mode: string, modes: readonly string[]): Text => ({ en: `"${mode}" is not a way to replay: use one of ${modes.join(', ')}.`, ru: `«${mode}» — не способ повтора: допустимы ${modes.join(', ')}.` }),
  notServing: (at: string): Text => ({ en: `No Millrace answers at ${at}: start it, or name its port with --port.`, ru: `По адресу ${at} Millrace не отвечает: запустите его или укажите порт через --port.` }),
  flowsNeeded: { en: 'millrace run needs --flows DIR: the folder of the flows to run.', ru: 'Для millrace run нужен --flows ПАПКА: папка запускаемых потоков.' },
  filesNeeded: (command: string): Text => ({ en: `millrace ${command} needs at least one file or folder.`, ru: `Для millrace ${command} нужен хотя бы один файл или папка.` }),
  noProblems: (count: number): Text => ({ en: `${count} checked, no problems`, ru: `проверено: ${count}, ошибок нет` }),
  casesDone: (passed: number, failed: number): Text => ({ en: `${passed} passed, ${failed} failed`, ru: `успешно: ${passed}, с ошибкой: ${failed}` }),
  moduleName: (name: string): Text => ({ en: `"${name}" in --modules is not the name of an npm module, such as dayjs or dayjs/plugin/utc.`, ru: `«${name}» в --modules — не имя модуля npm вида dayjs или dayjs/plugin/utc.` }),
  noModules: (folder: string): Text => ({ en: `No module is allowed. Install modules in ${folder} with npm and name them in --modules or MILLRACE_MODULES.`, ru: `Ни один модуль не разрешён. Установите модули в ${folder} через npm и перечислите их в --modules или MILLRACE_MODULES.` }),
  moduleFits: (kb: number, builtins: readonly string[]): Text => ({
    en: `${kb} KB${builtins.length === 0 ? '' : `; parts that need ${builtins.join(', ')} of Node fail when they are used`}`,
    ru: `${kb} КБ${builtins.length === 0 ? '' : `; части, которым нужны ${builtins.join(', ')} из Node, при использовании завершатся ошибкой`}`,
  }),
  notNode: (file: string): Text => ({ en: `${file} has no default export made by defineNode, defineSource or defineConnection.`, ru: `В ${file} нет экспорта по умолчанию, созданного defineNode, defineSource или defineConnection.` }),
} as const;
