/** Every limit of the system, in one screen, each with the reason for its number. A leaf that all may import. */

const KB = 1024;
const MB = 1024 * KB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const limits = {
  // Messages
  jsonTextKeptChars: 64 * KB, // kept beside the value read from it; a message takes up to twice that already, and longer ones are rare
  bodyBytesMax: 16 * MB, // one message; larger data belongs in a file that the message names
  webhookBodyBytesDefault: 1 * MB, // what form posts and hooks of CRM systems need, ten times over
  parentIdsMax: 16, // a join of thousands names its first parents only; the rest are found by run
  documentDepthMax: 200, // levels of a flow file: none nests deeper, and walking it stays far from the end of the stack
  roundsMax: 100, // through a feedback wire; a message that goes round for ever is a dead letter (DESIGN 6.7)
  hopsMax: 1000, // pure nodes that one segment may pass: a pure loop ends here with a clear failure

  // Queues
  windowMessages: 2048, // in memory for each node input; the rest waits on disk and is paged in. As many as one transaction accepts: a smaller window reads back what was just written
  windowBytes: 8 * MB, // the same by size, so that large bodies do not fill memory
  asideMessages: 512, // in memory for each node input because their key is in work; the rest is put aside on disk
  asideBytes: 2 * MB, // the same by size, a part of the window
  asideFetch: 64, // brought back at once when a key is free
  duesInMemory: 2_000, // of one node, that wait for their time; the rest stays in the index
  duesPage: 1_000, // read at once
  wireMessagesDefault: 1_000_000, // on disk for each wire before it holds its feeders (DESIGN 3)
  wireBytesDefault: 1024 * MB, // the same by size (DESIGN 3)
  memoryWireMessages: 10_000, // memory mode keeps all of it in memory
  segmentsInFlight: 256, // committed inputs in work at once in one flow, so that one flow cannot take all memory
  segmentsOfBatches: 512, // the same in a flow with nodes that take many at once: two batches in work and two that gather. Elsewhere as many would only take memory
  replyWaitersMax: 10_000, // callers that wait for http-response; beyond it 503
  batchMessages: 128, // to the sandbox in one crossing: with half or twice as many streams are slower (runtime/sandbox/README.md)
  batchBytes: 256 * KB, // crossings above this cost more than they save (EXPERIMENTS E1)
  sliceMs: 5, // of one turn of the driver before others have theirs
  threadYoungMb: 16, // new objects of the journal's and the store's thread: what they get is gone after each transaction, and more room is only memory

  // Attempts
  attemptsDefault: 5, // with the backoff below: about six minutes before a dead letter
  backoffFirstMs: 1 * SECOND,
  backoffFactor: 5, // 1 s, 5 s, 25 s, 125 s, …
  backoffMaxMs: 30 * MINUTE,
  crashesMax: 3, // of the process during one call of one message, before the message is a dead letter
  crashesAlone: 2, // of the process during one call of one message, before the message runs alone: one end may be a power cut, two in a row are a suspicion
  blamedMax: 3, // messages of one flow at whose calls the process ended, within the next time: then it starts stopped. Each stands for three ends
  blamedWithinMs: 60 * MINUTE, // as long as a supervisor that waits longer each time may take for nine ends
  watchfulEnds: 2, // of the process in a row that nobody planned, after which pure nodes are written down before they begin, as calls are: one may be a power cut
  watchfulMs: 5 * MINUTE, // of a life, for that: what ends the process does so soon after a start, and each message costs one write more
  suspectWaitMs: 10 * SECOND, // for others to end before a suspect runs all the same
  callTimeoutMs: 30 * SECOND, // DESIGN 6.13
  probeFirstMs: 1 * SECOND, // of a paused connection
  retryAfterMaxMs: 1 * HOUR, // that another side may ask for: who says more is asked once an hour all the same
  probeMaxMs: 30 * SECOND, // so that an outage ends at most half a minute after the other side is back
  retryShare: 0.3, // of a node's calls that retries may take while new messages wait (DESIGN 6.6)
  cancelledRunsKept: 10_000, // while calls of them may still answer
  concurrencyDefault: 8, // calls of one node that is not pure

  // Time
  clockLookMs: 30 * SECOND, // the longest that a timer waits without a look at the wall clock, which may have jumped forward meanwhile
  eventIdsKeptMs: 7 * DAY, // repeats that carry the source's event id (DESIGN 6.1)
  answersKeptMs: 1 * DAY, // recorded webhook answers (DESIGN 6.9)
  answersQuotaBytes: 256 * MB, // the oldest recorded answers go first
  replyTimeoutMs: 30 * SECOND,
  httpDrainMs: 2 * SECOND, // of a stop, for answers under way. With the next two it ends within the ten seconds that a container is given
  secondSignalMs: 300, // of a stop: a later signal is a person's wish to end at once, an earlier one came by another way
  drainMs: 5 * SECOND, // of a stop, for calls under way, and what is left of it for what nodes do when they stop; what is not done then is done at the next start
  lastWritesMs: 1 * SECOND, // of a stop, for what memory mode holds, beside it at least for what nodes do when they stop, and for run history: far more than it takes while the disk works

  // Joins
  windowsOpenMax: 200_000, // of one node, each some 200 bytes in memory
  windowsRememberedMax: 200_000, // closed ones of one node that still know who comes late; the oldest are forgotten first
  joinKeptMessagesMax: 100_000, // in one window; beyond it the message is a failure with a clear reason
  joinLateMs: 7 * DAY, // that a window which closed without all parts is known, for those that come late: as long as repeats of an event
  splitMessagesMax: 20_000_000, // from one message; more than the largest message has characters is a mistake
  chunkMessages: 1_000, // of very many that one message becomes, in one commit: some ten milliseconds of the disk's time
  chunkBytes: 4 * MB, // the same by size

  // Context
  contextKeyChars: 200, // a key is a name, and may hold an id
  contextValueChars: 256 * KB, // of one value; it is written whole at each change
  contextKeysMax: 10_000, // of one node, of one flow's own and of all flows; more belongs into a database, which finds them by what they hold
  contextChars: 16 * MB, // of all values of one flow, and of those of all flows: they are in memory, and read at a start

  // Sources
  injectEveryMinMs: 10, // an interval of 0 would never let anything else run

  // Webhooks
  webhookFormFieldsMax: 1000, // the largest real forms have some hundreds
  webhookFormFilesMax: 20, // of one form; each is held whole
  stoppedRetryMs: 30_000, // Retry-After of a webhook whose flow is stopped: it may run again in a minute or tomorrow
  webhookFormDepthMax: 8, // a[b][c]…: what CRM hooks send has four
  webhookJsonDepthMax: 190, // what can be written to the journal, with some levels for what flows put around it; real data has some ten

  // HTTP out
  fetchBytesMax: 16 * MB,
  fetchSmallBytes: 64 * KB, // of an answer that is read without waiting for room, where its caller bounds what it holds: most of them are smaller
  fetchRedirectsMax: 5,
  fetchConnectionsPerHost: 32, // more at once is what rate limits of services punish
  connectTimeoutMs: 10 * SECOND,

  // API and live channel
  apiBodyDepthMax: 200, // levels of a request's body: a document's or a message's, neither of which is taken deeper anywhere
  apiBodyBytesMax: 16 * MB, // a flow of 1,000 nodes is about 0.5 MB
  liveUpdatesPerSecond: 10, // to one client (DESIGN 10)
  debugPerSecond: 50, // messages shown to one client; the count of all is shown beside them
  nodeLogsPerSecond: 25, // lines of one node, the rest is counted: all that one message may log, and half of what its flow may show, so that the others are seen too
  debugBytesMax: 64 * KB, // of one shown message
  debugKept: 500, // last debug messages kept for a client that connects later
  debugKeptBytes: 4 * MB, // the same by size, of one flow, so that a hundred watched flows fit in memory
  shownPathBytesMax: 4 * MB, // bodies of one shown path together; a body beyond it is shown cut
  shownBytesMin: 200, // of a body when that room is used up: enough to recognise it
  shownDepthMax: 40, // of a shown value; deeper ones are cut and say so, because nobody unfolds so far
  keepAliveMs: 75 * SECOND, // longer than the minute after which proxies drop idle connections, so that they never reuse one that is just being closed
  liveClientsMax: 100, // open editors; each costs memory and a share of the updates
  liveMessageBytesMax: 16 * KB, // from a client, which only says what it watches
  pageSizeMax: 500,
  pendingLookedAtMax: 10_000, // messages, the newest, to tell the pending runs: about 10 ms of the journal's thread
  idsMax: 10_000, // in one request; more are chosen by a filter
  editedBytesMax: 1 * MB, // a message that a person can read and correct

  // History
  memoryRunsPerPump: 200, // ended runs of memory mode that history keeps, five times a second; the rest is sampled out
  runsKept: 100_000,
  runsKeptMs: 14 * DAY,
  auditKeptMs: 365 * DAY,
  auditRetryMs: 1 * SECOND, // between two tries to write lines of the audit log that the store did not take
  auditWaitingMax: 1_000, // of such lines, in memory: what people do by hand in hours
  deadLettersKeptMs: 90 * DAY, // a quarter: who has not looked by then will not; one that holds a key stays
  parkedAtOnce: 1_000, // messages that a deploy parks in one transaction: some 20 ms, in which nobody else is written
  pinnedRevisions: 8, // earlier revisions of a pinned flow on which runs end: each keeps its nodes made ready; runs on older ones go on in the newest
  pinnedLookMs: 1_000, // between looks at what is pending of them: the one that finds nothing more of a revision has looked at every message
  lettersAtOnce: 256, // resent or discarded in one write to the disk
  refusedListed: 100, // of a bulk, with their reasons; the others are counted
  recordedRunsPerSecond: 100, // of one flow, whose whole path is kept; beyond it runs are sampled, failures as many again
  recordedCharsPerSecond: 2 * MB, // of one flow: text of the paths that begin in a second
  recordedBodyChars: 64 * KB, // of a body that is kept whole; of a larger one only the place
  recordedOutputs: 20, // of what leaves a port together; more says how many they were
  recordedOutputsMax: 1_000, // the same at a node with `record`
  recordedBranches: 100, // of what comes of one message: so many are followed further
  stepsOfSegmentMax: 200, // kept of one segment
  stepsOfRunMax: 1_000, // kept of one run: more than a person reads
  stepsKeptMs: 14 * DAY,
  stepsKeptChars: 1024 * MB, // the oldest go first
  stepsKeptShare: 0.2, // of a small disk, in place of it: on disk it is about twice that
  stepsLeastChars: 16 * MB, // kept also while the disk is down to its reserve; the rest makes room for messages
  stepsInMemory: 5_000, // of memory mode, on their way to the store five times a second; the rest is sampled out
  replaysAtOnce: 1_000, // runs of one request; the answer says that there are more
  outboxChars: 256 * KB, // of ended runs and their steps that are moved to the store at a time: the main thread reads them in some 3 ms
  historyBiteRuns: 1000, // written to the store in one transaction: some 7 ms, in which nobody else writes to it

  historyPruneMs: 1 * MINUTE, // between two looks for runs to forget: a tenth of the text that is kept, at the most that one flow may add
  historyPruneBatch: 2_000, // forgotten in one transaction, so that the main thread stands still for some 10 ms at most

  // Disk
  commitSlowMs: 5 * SECOND, // one transaction on its way to the disk; beyond it new messages are refused, because their senders give up about then
  commitsQueuedMax: 50_000, // behind it, each with a message in memory; beyond it new messages are refused
  diskReserveBytes: 512 * MB, // kept free for what belongs to accepted messages; below it new ones are refused
  diskReserveShare: 0.2, // of a small disk, in place of it: write-ahead files alone take 16 MB each
  diskLookMs: 1 * SECOND, // between two looks at the free space
  roomRuns: 500, // of history that make room between two such looks
  roomPages: 1_000, // 4 MB given back to the disk in one write
  diskRetryMs: 10 * SECOND, // after which a sender is told to come again when the reserve is reached
  flowBytesMax: 4 * 1024 * MB, // of one flow at rest, over all its wires and waits, so that one flow does not fill the disk of all
  damagedRetryMs: 60 * SECOND, // after which a sender is told to come again when a person must mend the journal first

  // Backup
  backupSpareBytes: 64 * MB, // left free on the disk beside a backup, for what is written meanwhile

  // Documents
  storeBusyMs: 2 * SECOND, // how long the store waits for another process, such as a backup, that holds its file
  revisionsListed: 200, // newest ones of a flow that the list of revisions shows
  deletedKeptMs: 30 * DAY, // a deleted flow can be restored so long
  flowIdMax: 100, // it is a folder's name and part of addresses
  secretBytesMax: 64 * KB, // a private key with its chain fits many times
  envBytesMax: 64 * KB, // one value; larger data belongs in a file
  filesSettleMs: 200, // after the last change seen in the flows folder before it is read: editors write in several steps

  // Expressions
  expressionStepsMax: 100_000, // JSONata evaluations in one expression, and what its functions weigh in the same coin: some 50 ms
  expressionEvalsInside: 8, // $eval inside $eval: each failure holds the one inside it, escaped once more
  expressionDepthMax: 2_000, // JSONata evaluations inside one another; deeper is a recursion without an end
  expressionItemsMax: 100_000, // in one list that an expression makes, so that [1..9999999] does not take the memory
  expressionResultChars: 16 * MB, // of one text; no message could carry more
  pathSegmentsMax: 32, // a path is typed by a person
  templateBytesMax: 1 * MB,
  templateDepthMax: 20, // sections inside one another
  templateStepsMax: 1_000_000, // parts written for one text, those that write nothing too: some 50 ms
  regexSubjectChars: 10_000, // patterns of bounded kind take some 10 ms on it at worst
  regexPatternChars: 1_000, // typed by a person

  // Sandbox
  sandboxMemoryMb: 64, // of one function node, unless the node says otherwise
  sandboxMemoryMaxMb: 256, // half of what the process may have
  sandboxTimeoutMs: 5 * SECOND, // of one message
  sandboxTimeoutMaxMs: 60 * SECOND, // longer work belongs into a node that calls outside
  sandboxCpuMs: 10 * SECOND, // of that time the code may compute, not wait: it holds a core and the isolate of its flow
  sandboxProcessMb: 512, // RSS of the child before it is killed, beside what its contexts need
  sandboxContextMb: 1, // RSS of one function node's context that has run, some more than measured
  sandboxCellFunctions: 32, // function nodes of one flow in one isolate: one isolate each would take five times the memory
  sandboxCellMb: 24, // heap of an isolate beside what the code uses: 32 contexts
  sandboxSetupMs: 1 * SECOND, // of setup code: a deploy waits for it
  sandboxClosingMs: 1 * SECOND, // of closing code, however much time the node has: a stop waits for it, and so do messages of the next revision that use the same context
  codeKnownChars: 4 * MB, // code of drafts of which it is kept whether it can be read: that of some thousand nodes; beyond, it is read anew
  sandboxEraseMs: 5 * SECOND, // of types from one code, which takes a few ms; it may be the first one, for which a thread begins on a machine that is busy
  sandboxSliceMs: 20, // after so long a batch hands over what is ready and lets other nodes of the flow have a turn
  sandboxPartChars: 256 * KB, // results handed over at once, so that a batch of large results is not held whole, nor read at once; one that is larger is large by itself
  sandboxSmallChars: 64 * KB, // of results on the pipe that all calls share: what a pipe holds
  sandboxReadBytes: 256 * KB, // of a pipe at once: as much as it holds
  sandboxWholeChars: 512 * KB, // of results that leave an isolate and are read at once: what is handed over at once, where no result is large
  sandboxPieceChars: 64 * KB, // of others, which do so in pieces: each holds others up for a tenth of a millisecond
  sandboxPiecePauseMs: 1, // between pieces of large results: the largest takes a tenth of a second so, and its neighbours hardly notice it
  sandboxLargeCharsPerSecond: 8 * MB, // of the large results of one function, and as much at once: two of the largest. Each takes the runtime's one thread for some 20 ms in all
  sandboxFrameReusedBytes: 512 * KB, // frames up to it are written from one place, which stays: a batch of the usual kind, twice
  sandboxFrameKeptBytes: 8 * MB, // the place where a frame was gathered stays up to it: a message of the largest usual size, in characters of up to two bytes
  sandboxFrameBytesMax: 64 * MB, // on the pipe: one message of any size allowed, written as JSON in UTF-8
  sandboxOutputBytesMax: 4 * MB, // of all that is sent for one message
  sandboxFusedMax: 32, // nodes in a row that cross as one: each function keeps a message under the time of all
  sandboxBodiesMax: 10_000, // messages sent for one; more belongs to split, which works in chunks
  sandboxOutputsMax: 20, // more cannot be told apart on a card
  sandboxLogsPerMessage: 20, // beyond it a count
  sandboxLogBytesMax: 8 * KB, // of one line
  sandboxTimersMax: 1_000, // of one message
  sandboxFetchCallsMax: 50, // of the code for one message; who needs more splits the message, and each part is tried again by itself
  sandboxFetchAtOnceOfNode: 16, // of one function node, all its messages together: what a service takes from one caller
  sandboxFetchAtOnce: 64, // of all function nodes, so that one that waits for slow servers leaves room for others
  sandboxFetchHostsMax: 100, // that one node is granted; a person reads the list
  sandboxFetchHeadChars: 16 * KB, // of one call's address and headers: what servers take
  sandboxFetchRequestBytes: 4 * MB, // of all bodies sent for one message, as much as it may send on
  sandboxFetchAnswerBytes: 4 * MB, // of one answer: it is in the isolate as text and again as what the code makes of it
  sandboxFetchHeldBytes: 64 * MB, // of larger answers that this process holds for all function nodes, from their reading until their code has them: sixteen of the largest. Beside them only small ones, one for each call at once. The same again for the bodies of requests
  sandboxFetchHeldBytesOfNode: 32 * MB, // of them for one node, so that one that reads slow large answers leaves room for others
  sandboxBeatMs: 1 * SECOND, // the child says that it lives, while it works
  sandboxSilenceMs: 10 * SECOND, // without a word before it is killed: ten beats, for a machine under load
  sandboxStarvedMs: 2 * SECOND, // without a word of a process of lowest priority: two beats, and as long as its message may be held up
  sandboxRssWatchMs: 50, // a bomb takes some hundred MB in this time
  sandboxAloneAfterCrash: 64, // messages of a function that ended the process run in the process for suspects, before it is trusted again
  sandboxApartAfter: 64, // messages of a function whose code did not end or ran out of memory go through the process that yields to the others: who does it again and again stays there
  sandboxRaisedMs: 10 * MINUTE, // on a machine without idle time the processes of lowest priority run with a higher one; to find out again costs a message of theirs its time
  sandboxIdleMs: 30 * SECOND, // a process without function nodes is stopped after this
  sandboxStartsMax: 3, // starts in a row that fail before the messages are told so
  sandboxRestartMaxMs: 1 * SECOND, // longest pause before a process that keeps dying is started anew, or code that keeps not ending runs again: other flows are slower by both

  // Modules of function nodes
  moduleSourceBytes: 8 * MB, // read for one bundle: lodash, moment and ajv together are 1 MB, and the bundler needs many times that in memory
  moduleFiles: 4_000, // the same by number: date-fns has 1,500 with its languages
  moduleBundleChars: 4 * MB, // of one bundle, which every context of a node compiles
  moduleBundleMs: 60 * SECOND, // of one bundle; most take a third of a second, and a small machine under load is slower
  moduleTypesChars: 2 * MB, // of declarations of one module that the editor reads: all of @types/lodash is 0.9 MB
  moduleTypesFiles: 1_000, // the same by number: date-fns has 700
  moduleKeptChars: 32 * MB, // bundles in memory, those of the last deploys

  // Trying a node
  triesAtOnce: 4, // a person tries one; each may hold a core
  tryMs: 10 * SECOND, // of one try, whatever the node may have: a person waits for it
  tryBodyChars: 1 * MB, // of the message, as one that a person can read and correct
  triedBodies: 20, // shown of what leaves a port
  triedLogs: 100, // lines shown of one try

  // Editor
  editorUndoMax: 500, // steps that can be taken back; with whole nodes in them some MB at most
  editorDebugKept: 1000, // messages in the debug panel; the runtime keeps fewer for those who come later
} as const;
