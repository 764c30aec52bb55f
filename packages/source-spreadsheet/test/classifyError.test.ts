import { Source } from "@waybill/core"
import { expect, test } from "vitest"
import { classifyError } from "../src/internal/classifyError.ts"

const systemError = (code: string) => Object.assign(new Error(`${code}: /secret/path/prices.csv`), { code })

test.each([
  ["ENOENT", "NotFound", false],
  ["ENOTDIR", "NotFound", false],
  ["EACCES", "Refused", false],
  ["EPERM", "Refused", false],
  ["EISDIR", "Refused", false],
  ["EMFILE", "Busy", true],
  ["EBUSY", "Busy", true],
  ["EIO", "Unreachable", true],
  ["Z_DATA_ERROR", "Malformed", false],
  ["Z_BUF_ERROR", "Malformed", false],
] as const)("%s is %s, retryable: %s", (code, reason, isRetryable) => {
  const error = classifyError(systemError(code), "prices.csv")
  expect(error).toMatchObject({ _tag: "SourceError", reason, isRetryable })
  expect(error!.message).toMatch(new RegExp(`^prices.csv: .* \\(${code}\\)$`))
})

test("source errors are themselves, anything else is a defect", () => {
  const error = new Source.SourceError({ reason: "Malformed", isRetryable: false, message: "m" })
  expect(classifyError(error, "x")).toBe(error)
  for (const other of [new TypeError("bug"), systemError("ERR_INVALID_ARG_TYPE"), "text", undefined]) {
    expect(classifyError(other, "x")).toBeUndefined()
  }
})
