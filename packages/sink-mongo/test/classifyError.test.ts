import type { Sink } from "@waybill/core"
import {
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoInvalidArgumentError,
  MongoMissingCredentialsError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from "mongodb"
import { describe, expect, it } from "vitest"
import { classifyError, type Doing, duplicates, isDuplicate, isThere, isUnknownCommit, refusals } from "../src/classifyError.ts"

const server = (code: number, message = "it", ...labels: ReadonlyArray<string>) =>
  new MongoServerError({ message, code, errorLabels: [...labels] })
const labelled = (...labels: ReadonlyArray<string>) => {
  const error = new MongoError("it")
  for (const label of labels) error.addErrorLabel(label)
  return error
}
const bulk = (...errors: ReadonlyArray<{ code: number; index: number; errmsg: string }>) =>
  new MongoBulkWriteError({ message: errors[0]!.errmsg, code: errors[0]!.code, writeErrors: errors as never }, {} as never)
const waitQueue = Object.defineProperty(new MongoError("Timed out while checking out a connection"), "name", {
  value: "MongoWaitQueueTimeoutError",
})

const doing: Doing = { what: "reading station" }
const writing: Doing = {
  what: "writing stations, part 3",
  geoIndexes: ["location_2dsphere"],
  batch: { entity: "station", part: 3, recordOf: (operation) => operation + 100 },
}

const table: ReadonlyArray<readonly [what: string, error: unknown, doing: Doing, reason: Sink.Reason, isRetryable: boolean]> = [
  ["no connection", new MongoNetworkError("connect ECONNREFUSED 127.0.0.1:1"), doing, "Unreachable", true],
  ["no answer", new MongoNetworkTimeoutError("timed out"), doing, "Timeout", true],
  ["no server", new MongoServerSelectionError("no primary", {} as never), doing, "Unreachable", true],
  ["a client that the application closed", new MongoClientClosedError(), doing, "Unreachable", false],
  ["a topology that is closed", new MongoTopologyClosedError(), doing, "Unreachable", false],
  ["no connection left in the pool", waitQueue, doing, "Capacity", true],
  ["no password given", new MongoMissingCredentialsError("none"), doing, "Unauthorized", false],
  ["6 HostUnreachable", server(6), doing, "Unreachable", true],
  ["91 ShutdownInProgress", server(91), doing, "Unreachable", true],
  ["189 PrimarySteppedDown", server(189), doing, "Unreachable", true],
  ["10107 NotWritablePrimary", server(10107), doing, "Unreachable", true],
  ["11600 InterruptedAtShutdown", server(11600), doing, "Unreachable", true],
  ["50 MaxTimeMSExpired", server(50), doing, "Timeout", true],
  ["64 WriteConcernTimeout", server(64), doing, "Timeout", true],
  ["262 ExceededTimeLimit", server(262), doing, "Timeout", true],
  ["290 TransactionExceededLifetimeLimitSeconds", server(290), doing, "Timeout", false],
  ["251 NoSuchTransaction", server(251, "it", "TransientTransactionError"), doing, "Contention", true],
  ["251 of a transaction that was open too long", server(251), { ...doing, transactionAge: 61_000 }, "Timeout", false],
  ["13 Unauthorized", server(13), doing, "Unauthorized", false],
  ["18 AuthenticationFailed", server(18), doing, "Unauthorized", false],
  ["8000 AtlasError", server(8000, "bad auth"), doing, "Unauthorized", false],
  ["20 IllegalOperation", server(20, "Transaction numbers are only allowed on a replica set"), doing, "SchemaMismatch", false],
  ["26 NamespaceNotFound", server(26), doing, "SchemaMismatch", false],
  ["85 IndexOptionsConflict", server(85), doing, "SchemaMismatch", false],
  ["86 IndexKeySpecsConflict", server(86), doing, "SchemaMismatch", false],
  ["11000 of an index that is made", server(11000), { ...doing, schema: true }, "SchemaMismatch", false],
  ["16755 of an index that is made", server(16755), { ...doing, schema: true }, "SchemaMismatch", false],
  ["112 WriteConflict", server(112, "it", "TransientTransactionError"), doing, "Contention", true],
  ["112 in a bulk write", bulk({ code: 112, index: 0, errmsg: "WriteConflict" }), writing, "Contention", true],
  ["24 LockTimeout", server(24), doing, "Contention", true],
  ["246 SnapshotUnavailable", server(246), doing, "Contention", true],
  ["11601 Interrupted", server(11601), doing, "Contention", true],
  ["146 ExceededMemoryLimit", server(146), doing, "Capacity", false],
  ["365 TemporarilyUnavailable", server(365), doing, "Capacity", true],
  ["388 TransactionTooLargeForCache", bulk({ code: 388, index: 0, errmsg: "too large" }), writing, "Capacity", false],
  ["14031 OutOfDiskSpace", server(14031), doing, "Capacity", false],
  ["10334 BSONObjectTooLarge", server(10334), writing, "DataRefused", false],
  [
    "a document that the driver finds too large",
    new MongoInvalidArgumentError("Document is larger than the maximum size 16777216"),
    writing,
    "DataRefused",
    false,
  ],
  ["an argument that the driver does not like", new MongoInvalidArgumentError("no"), writing, "Unknown", false],
  [
    "121 DocumentValidationFailure",
    bulk({ code: 121, index: 0, errmsg: "Document failed validation" }),
    writing,
    "DataRefused",
    false,
  ],
  ["16755 geo keys", bulk({ code: 16755, index: 0, errmsg: "Can't extract geo keys" }), writing, "DataRefused", false],
  ["2 BadValue of a document", bulk({ code: 2, index: 0, errmsg: "bad" }), writing, "DataRefused", false],
  ["28 PathNotViable", bulk({ code: 28, index: 0, errmsg: "Cannot create field" }), writing, "DataRefused", false],
  ["2 BadValue of a command", server(2), doing, "Unknown", false],
  ["a transient error nobody knows", labelled("TransientTransactionError"), doing, "Contention", true],
  ["a commit that may have happened", labelled("UnknownTransactionCommitResult"), doing, "Unreachable", true],
  ["a write that may have happened", labelled("RetryableWriteError"), doing, "Unreachable", true],
  ["a server that sheds load", labelled("SystemOverloadedError", "RetryableError"), doing, "Capacity", true],
  ["a code nobody knows", server(987654), doing, "Unknown", false],
  ["no error of the driver's", new Error("it"), doing, "Unknown", false],
  ["no error at all", "it", doing, "Unknown", false],
]

describe("what a driver's error means", () => {
  it.each(table)("%s", (_, error, about, reason, isRetryable) => {
    const found = classifyError(error, about)
    expect([found.reason, found.isRetryable]).toEqual([reason, isRetryable])
    expect(found.message).toMatch(
      about.batch !== undefined && reason === "DataRefused" ? /^station, part 3/ : new RegExp(`^${about.what}: `),
    )
  })

  it("keeps the server's code", () => {
    expect(classifyError(server(112), doing).code).toBe("112")
    expect(classifyError(new Error("it"), doing).code).toBeUndefined()
  })

  it("names record and index where the server does", () => {
    const refused = (code: number, errmsg: string) => classifyError(bulk({ code, index: 2, errmsg }), writing).refused
    const of = (constraint: string | null) => ({ entity: "station", part: 3, index: 102, constraint })
    expect(refused(11000, 'E11000 duplicate key error collection: a.b index: names dup key: { name: "x" }')).toEqual(of("names"))
    expect(
      refused(
        11000,
        'E11000 duplicate key error collection: a.b index: names collation: { locale: "de" } dup key: { name: "x" }',
      ),
    ).toEqual(of("names"))
    expect(refused(16755, "Can't extract geo keys: {}  Longitude/latitude is out of bounds, lng: 200 lat: 0")).toEqual(
      of("location_2dsphere"),
    )
    expect(refused(121, "Document failed validation")).toEqual(of("validator"))
    expect(refused(28, "Cannot create field 'a' in element {b: 1}")).toEqual(of(null))
    expect(classifyError(server(10334), writing).refused).toEqual({ entity: "station", part: 3, index: null, constraint: null })
  })

  it("shows neither credentials nor whole documents", () => {
    const secret = classifyError(new Error("cannot reach mongodb+srv://user:p%40ss@host/db or mongodb://a:b@c"), doing)
    expect(secret.message).toBe("reading station: cannot reach mongodb+srv://host/db or mongodb://c")
    const large = bulk({
      code: 16755,
      index: 0,
      errmsg: `Can't extract geo keys: {${"x".repeat(5000)}} Longitude is out of bounds`,
    })
    const found = classifyError(large, writing)
    expect(found.message.length).toBeLessThan(800)
    expect(found.message).toContain("out of bounds")
    expect(found.cause).toBeUndefined()
  })
})

describe("what the sink asks of errors", () => {
  const duplicate = (index: number, name = "code_1") => ({
    code: 11000,
    index,
    errmsg: `E11000 duplicate key error collection: a.b index: ${name} dup key: { code: "x" }`,
  })

  it("is whether a unique index alone refused operations", () => {
    expect(duplicates(bulk(duplicate(1), duplicate(4)), "code_1")).toEqual([1, 4])
    expect(duplicates(bulk(duplicate(1), duplicate(4, "names")), "code_1")).toBeUndefined()
    expect(duplicates(bulk(duplicate(1), { code: 121, index: 2, errmsg: "no" }), "code_1")).toBeUndefined()
    expect(duplicates(server(11000), "code_1")).toBeUndefined()
  })

  it("is what single commands met", () => {
    expect([isDuplicate(server(11000)), isDuplicate(server(1)), isThere(server(48)), isThere(new Error("48"))]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect([isUnknownCommit(labelled("UnknownTransactionCommitResult")), isUnknownCommit(new Error("it"))]).toEqual([true, false])
  })
})

describe("a write in which each document stands for itself", () => {
  const race = {
    code: 11000,
    index: 0,
    errmsg: 'E11000 duplicate key error collection: db.s index: code_1 dup key: { code: "a" }',
  }
  const refused = { code: 121, index: 2, errmsg: "Document failed validation" }

  it("names the record that is refused, and not one whose key somebody made meanwhile", () => {
    const error = classifyError(bulk(race, refused), { ...writing, keyIndex: "code_1" })
    expect(error).toMatchObject({ reason: "DataRefused", code: "121", refused: { index: 102, constraint: "validator" } })
    expect(error.message).toContain("Document failed validation")
    expect(error.message).not.toContain("E11000")
  })

  it("tells all that are refused, unless something else failed too", () => {
    expect(refusals(bulk(race, refused))?.map(({ operation }) => operation)).toEqual([0, 2])
    expect(refusals(bulk(refused, { code: 112, index: 3, errmsg: "WriteConflict" }))).toBeUndefined()
    expect(refusals(new MongoNetworkError("lost"))).toBeUndefined()
  })
})
