/** What the driver throws, by real codes. */
import { describe, expect, it } from "vitest"
import { classifyError } from "../src/internal/classifyError.ts"
import { targetOf } from "../src/internal/Driver.ts"

const table: ReadonlyArray<readonly [code: string, reason: string, isRetryable: boolean]> = [
  ["ECONNREFUSED", "Unreachable", true],
  ["ECONNRESET", "Unreachable", true],
  ["EPIPE", "Unreachable", true],
  ["ENOTFOUND", "Unreachable", true],
  ["EAI_AGAIN", "Unreachable", true],
  ["EHOSTUNREACH", "Unreachable", true],
  ["ENOENT", "Unreachable", true],
  ["ETIMEDOUT", "Timeout", true],
  ["08000", "Unreachable", true],
  ["08001", "Unreachable", true],
  ["08003", "Unreachable", true],
  ["08006", "Unreachable", true],
  ["57P01", "Unreachable", true],
  ["57P02", "Unreachable", true],
  ["57P03", "Unreachable", true],
  ["57P05", "Unreachable", true],
  ["25P03", "Unreachable", true],
  ["57014", "Timeout", true],
  ["25P04", "Timeout", true],
  ["28000", "Unauthorized", false],
  ["28P01", "Unauthorized", false],
  ["42501", "Unauthorized", false],
  ["3D000", "Unauthorized", false],
  ["25006", "Unauthorized", false],
  ["3F000", "SchemaMismatch", false],
  ["42P01", "SchemaMismatch", false],
  ["42703", "SchemaMismatch", false],
  ["42804", "SchemaMismatch", false],
  ["42P10", "SchemaMismatch", false],
  ["22001", "DataRefused", false],
  ["22003", "DataRefused", false],
  ["22007", "DataRefused", false],
  ["22P02", "DataRefused", false],
  ["22P05", "DataRefused", false],
  ["23502", "DataRefused", false],
  ["23503", "DataRefused", false],
  ["23505", "DataRefused", false],
  ["23514", "DataRefused", false],
  ["23P01", "DataRefused", false],
  ["40002", "DataRefused", false],
  ["44000", "DataRefused", false],
  ["54000", "DataRefused", false],
  ["P0001", "DataRefused", false],
  ["40001", "Contention", true],
  ["40P01", "Contention", true],
  ["55P03", "Contention", true],
  ["55006", "Contention", true],
  ["53100", "Capacity", true],
  ["53200", "Capacity", true],
  ["53300", "Capacity", true],
  ["58030", "Capacity", true],
  ["XX000", "Unknown", false],
  ["0A000", "Unknown", false],
]

describe("classifyError", () => {
  it.each(table)("%s is %s", (code, reason, isRetryable) => {
    const error = classifyError(Object.assign(new Error("the server's words"), { code }))
    expect([error.reason, error.isRetryable, error.code, error.message]).toEqual([
      reason,
      isRetryable,
      code,
      "the server's words",
    ])
  })

  it.each([
    ["Connection terminated unexpectedly", "Unreachable", true],
    ["Client has encountered a connection error and is not queryable", "Unreachable", true],
    ["Client was closed and is not queryable", "Unreachable", true],
    ["Connection terminated due to connection timeout", "Timeout", true],
    ["timeout exceeded when trying to connect", "Timeout", true],
    ["Query read timeout", "Timeout", true],
    ["SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string", "Unauthorized", false],
    ["something else", "Unknown", false],
  ])("%s is %s", (message, reason, isRetryable) => {
    const error = classifyError(new Error(message))
    expect([error.reason, error.isRetryable]).toEqual([reason, isRetryable])
  })

  it("tells the constraint of refused data", () => {
    const error = classifyError(Object.assign(new Error("no"), { code: "23505", constraint: "item_ean_key" }))
    expect(error.refused).toEqual({ entity: "", index: null, part: null, constraint: "item_ean_key" })
  })

  it("tells no password, neither in messages nor in the target", () => {
    const url = "postgresql://ann:s3cret@db.example.com:5433/shop?sslmode=require"
    expect(classifyError(new Error(`cannot reach ${url}`)).message).toBe(
      "cannot reach postgresql://db.example.com:5433/shop?sslmode=require",
    )
    const pool = (options: object) => ({ options, connect: () => Promise.reject(new Error("never")) })
    expect(targetOf(pool({ connectionString: url }))).toBe("db.example.com:5433/shop")
    expect(targetOf(pool({ connectionString: "not a url s3cret" }))).toBe("postgres")
    expect(targetOf(pool({ host: "db", port: 5432, database: "shop", user: "ann", password: "s3cret" }))).toBe("db:5432/shop")
  })

  it("takes what is no error", () => {
    expect(classifyError(undefined).reason).toBe("Unknown")
    expect(classifyError(Object.assign(new Error(""), { code: "ECONNREFUSED" })).message).toBe("ECONNREFUSED")
  })
})
