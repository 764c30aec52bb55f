/**
 * Says what an error of the MongoDB driver means to a sink: one reason, and whether trying again may help. No other file looks into errors.
 *
 * @module
 */
import { Sink } from "@waybill/core"
import {
  BSON,
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoExpiredSessionError,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  type WriteError,
} from "mongodb"

/** What was being done when an error came. */
export interface Doing {
  /** For people, as in `${what}: ${message}`: `reading station`. */
  readonly what: string
  /** It made or checked collections and indexes: what the server does not like there is the schema. */
  readonly schema?: boolean
  /** It wrote a batch: whose, and which record each operation wrote. */
  readonly batch?: {
    readonly entity: string
    readonly part: number
    readonly recordOf: (operation: number) => number | undefined
  }
  /** The index on the key: what it refuses is a race, and the last to be told. */
  readonly keyIndex?: string
  /** The indexes of the collection that can refuse a value, by name. */
  readonly geoIndexes?: ReadonlyArray<string>
  /** How long the transaction had been open, in milliseconds. */
  readonly transactionAge?: number
}

type Verdict = readonly [reason: Sink.Reason, isRetryable: boolean]

const verdict = (reason: Sink.Reason, isRetryable: boolean, codes: ReadonlyArray<number>): ReadonlyArray<[number, Verdict]> =>
  codes.map((code) => [code, [reason, isRetryable]])

const verdicts: ReadonlyMap<number, Verdict> = new Map([
  // HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, FailedToSatisfyReadPreference, PooledConnectionsDropped,
  // PrimarySteppedDown, ElectionInProgress, SocketException, NotWritablePrimary, InterruptedAtShutdown,
  // InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary
  ...verdict("Unreachable", true, [6, 7, 89, 91, 133, 145, 189, 216, 9001, 10107, 11600, 11602, 13435, 13436]),
  // MaxTimeMSExpired, WriteConcernTimeout, NetworkInterfaceExceededTimeLimit, ExceededTimeLimit, PooledConnectionAcquisitionExceededTimeLimit
  ...verdict("Timeout", true, [50, 64, 202, 262, 407]),
  // TransactionExceededLifetimeLimitSeconds
  ...verdict("Timeout", false, [290]),
  // UserNotFound, Unauthorized, AuthenticationFailed, MechanismUnavailable, InvalidJWT, AtlasError
  ...verdict("Unauthorized", false, [11, 13, 18, 334, 392, 8000]),
  // IllegalOperation, NamespaceNotFound, IndexNotFound, CannotCreateIndex, IndexAlreadyExists, InvalidNamespace, IndexOptionsConflict,
  // IndexKeySpecsConflict, CommandNotSupportedOnView, OptionNotSupportedOnView, InvalidIndexSpecificationOption,
  // CannotImplicitlyCreateCollection, CannotCreateCollection, OperationNotSupportedInTransaction
  ...verdict("SchemaMismatch", false, [20, 26, 27, 67, 68, 73, 85, 86, 166, 167, 197, 227, 242, 263]),
  // LockTimeout, CursorNotFound, LockBusy, WriteConflict, ConflictingOperationInProgress, QueryPlanKilled, TransactionTooOld,
  // CursorKilled, SnapshotTooOld, SnapshotUnavailable, StaleChunkHistory, NoSuchTransaction, PreparedTransactionInProgress,
  // MigrationConflict, Interrupted
  ...verdict("Contention", true, [24, 43, 46, 112, 117, 175, 225, 237, 239, 246, 250, 251, 267, 272, 11601]),
  // TemporarilyUnavailable, ResourceExhausted
  ...verdict("Capacity", true, [365, 402]),
  // ExceededMemoryLimit, TransactionTooLarge, TooManyLogicalSessions, TooManyFilesOpen, QueryExceededMemoryLimitNoDiskUseAllowed,
  // UserWritesBlocked, TransactionTooLargeForCache, OutOfDiskSpace
  ...verdict("Capacity", false, [146, 257, 261, 264, 292, 371, 388, 14031]),
  // DocumentValidationFailure, CannotIndexParallelArrays, BSONObjectTooLarge, and update results that are too large
  ...verdict("DataRefused", false, [121, 171, 10334, 17419, 17420]),
])

const duplicateKey = 11000
const noSuchTransaction = 251
const defaultLifetime = 60_000

const writeErrorsOf = (error: unknown): ReadonlyArray<WriteError> =>
  error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : []

const byClass = (error: unknown): Verdict | undefined => {
  if (error instanceof MongoNetworkTimeoutError || error instanceof MongoOperationTimeoutError) return ["Timeout", true]
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return ["Unreachable", true]
  if (error instanceof MongoExpiredSessionError) return ["Unreachable", true]
  if (
    error instanceof MongoClientClosedError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoNotConnectedError
  )
    return ["Unreachable", false]
  if (error instanceof MongoMissingCredentialsError) return ["Unauthorized", false]
  if (error instanceof MongoInvalidArgumentError && /larger than the maximum/.test(error.message)) return ["DataRefused", false]
  if (error instanceof BSON.BSONError) return ["DataRefused", false]
  return error instanceof MongoError && error.name === "MongoWaitQueueTimeoutError" ? ["Capacity", true] : undefined
}

const byLabel = (error: unknown): Verdict | undefined => {
  if (!(error instanceof MongoError)) return undefined
  if (error.hasErrorLabel("SystemOverloadedError")) return ["Capacity", true]
  if (error.hasErrorLabel("TransientTransactionError")) return ["Contention", true]
  return isUnknownCommit(error) || error.hasErrorLabel("RetryableWriteError") ? ["Unreachable", true] : undefined
}

const codeOf = (error: unknown): number | undefined => {
  const code = error instanceof MongoError ? error.code : undefined
  return typeof code === "number" ? code : undefined
}

/** The text of an error as it may be shown: no credentials of a connection string, and not the whole document that was refused. */
const shown = (error: unknown): string => {
  const whole = (error instanceof Error ? error.message : String(error)).replaceAll(/(mongodb(?:\+srv)?:\/\/)\S*@/gi, "$1")
  return whole.length > 600 ? `${whole.slice(0, 300)} … ${whole.slice(-300)}` : whole
}

const indexIn = (message: string | undefined): string | null =>
  / index: (.+?)(?: collation: \{.*?\})? dup key: /.exec(message ?? "")?.[1] ?? null

/** See the file's first sentence. */
export const classifyError = (error: unknown, doing: Doing): Sink.SinkError => {
  const all = writeErrorsOf(error)
  const first = all.find((it) => it.code !== duplicateKey || indexIn(it.errmsg) !== doing.keyIndex) ?? all[0]
  const code = first?.code ?? codeOf(error)
  const known = code === undefined ? undefined : verdicts.get(code)
  // what the server says of one operation of a batch is about its document, unless it is known to be about the world
  const guess: Verdict =
    first !== undefined
      ? ["DataRefused", false]
      : doing.schema === true && code !== undefined
        ? ["SchemaMismatch", false]
        : ["Unknown", false]
  let [reason, isRetryable] = known ?? byClass(error) ?? byLabel(error) ?? guess
  let message = `${doing.what}: ${shown(error)}`
  if (code === noSuchTransaction && (doing.transactionAge ?? 0) >= defaultLifetime) [reason, isRetryable] = ["Timeout", false]
  if (code === 257 || code === 388) message += " (give the server more cache, or commit batched)"
  if (reason === "Timeout" && !isRetryable)
    message += ` (the transaction was open longer than the server's transactionLifetimeLimitSeconds, 60 by default: raise it, or commit batched)`
  // a failed bulk write carries all of its documents: they belong in no log
  const cause = error instanceof MongoBulkWriteError ? {} : { cause: error }
  const fields = { reason, isRetryable, ...cause, ...(code === undefined ? {} : { code: String(code) }) }
  if (reason !== "DataRefused" || doing.batch === undefined) return new Sink.SinkError({ ...fields, message })
  const { entity, part, recordOf } = doing.batch
  const index = first === undefined ? null : (recordOf(first.index) ?? null)
  const geo =
    /geo|longitude|latitude|polygon|2d/i.test(first?.errmsg ?? "") && doing.geoIndexes?.length === 1 ? doing.geoIndexes[0]! : null
  const constraint = code === 121 ? "validator" : (indexIn(first?.errmsg) ?? geo)
  return new Sink.SinkError({
    ...fields,
    message: `${entity}, part ${part}${index === null ? "" : `, record ${index}`}: MongoDB refuses it${constraint === null ? "" : ` (${constraint})`}: ${shown(first === undefined || first === all[0] ? error : (first.errmsg ?? error))}`,
    refused: { entity, index, part, constraint },
  })
}

/** Whether a commit of a transaction may or may not have happened. */
export const isUnknownCommit = (error: unknown): boolean =>
  error instanceof MongoError && error.hasErrorLabel("UnknownTransactionCommitResult")

/** The operations that a unique index refused, if these are all that failed; `undefined` if something else failed too. */
export const duplicates = (error: unknown, index: string): ReadonlyArray<number> | undefined => {
  const errors = writeErrorsOf(error)
  return errors.length > 0 && errors.every(({ code, errmsg }) => code === duplicateKey && indexIn(errmsg) === index)
    ? errors.map((it) => it.index)
    : undefined
}

/** An operation of a bulk write that the server refuses for its data. */
export interface Refused {
  readonly operation: number
  /** For people; begins with the server's code. */
  readonly message: string
}

/** The operations that the server refused for their data, if these are all that failed; `undefined` if something else failed. */
export const refusals = (error: unknown): ReadonlyArray<Refused> | undefined => {
  const errors = writeErrorsOf(error)
  if (errors.length === 0 || errors.some(({ code }) => (verdicts.get(code)?.[0] ?? "DataRefused") !== "DataRefused"))
    return undefined
  return errors.map(({ code, errmsg, index }) => ({
    operation: index,
    message: `MongoDB refuses it (${code}): ${shown(errmsg)}`,
  }))
}

/** Whether a single write met a document of the same `_id`. */
export const isDuplicate = (error: unknown): boolean => codeOf(error) === duplicateKey

/** Whether a collection that was to be made is there already. */
export const isThere = (error: unknown): boolean => codeOf(error) === 48
