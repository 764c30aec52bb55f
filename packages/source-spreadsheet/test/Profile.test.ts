import { readFileSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Profile } from "../src/index.ts"

const good: Profile.CsvDefinition = {
  name: "nordwind-prices",
  version: 3,
  kind: "csv",
  requires: ["sku", "price"],
  aliases: { sku: ["Artikelnummer"], price: ["Preis"] },
  delimiter: ";",
  encoding: "windows-1252",
  formats: { price: { number: "comma", currency: ["€"] }, since: { date: "day-month" } },
  normalizations: [{ rule: "trim" }, { rule: "empty", words: ["-", "k.A."], columns: ["price"] }],
  defaults: { currency: "EUR" },
  limits: { bytes: 1_000_000, rowLength: 10_000 },
}

const problemsOf = (value: unknown): ReadonlyArray<string> => {
  const parsed = Profile.parse(JSON.stringify(value), "nordwind.json")
  return Result.isSuccess(parsed) ? [] : parsed.failure.problems.map(({ message, path }) => `${path}: ${message}`)
}

describe("a profile", () => {
  test("is what its file says", () => {
    expect(Profile.make(good).definition).toEqual(good)
    expect(Result.getOrThrow(Profile.parse(`\ufeff${JSON.stringify(good)}`)).definition).toEqual(good)
    expect(problemsOf({ name: "a", version: 1, kind: "xlsx", requires: ["sku"], sheet: 0, limits: { rows: 10 } })).toEqual([])
  })

  test.each<readonly [change: object, problem: string]>([
    [{ formats: { price: { number: "coma" } } }, '$.formats.price.number: expected "comma" or "point" or "detect", got "coma"'],
    [
      { formats: { price: {} } },
      '$.formats.price: expected either number, such as { "number": "comma" }, or date, such as { "date": "day-month" }',
    ],
    [
      { formats: { since: { date: "day-month", percent: "points" } } },
      "$.formats.since.percent: is of numbers only; expected number beside it",
    ],
    [
      { formats: { price: { nubmer: "comma" } } },
      "$.formats.price.nubmer: is not known in a profile of kind csv; did you mean number?",
    ],
    [
      { formats: { Preis: { number: "comma" } } },
      '$.formats.Preis: "Preis" is another name of the column "price"; expected "price"',
    ],
    [{ version: 0 }, "$.version: expected a whole number from 1 on, got 0"],
    [{ name: "Nord Wind" }, '$.name: expected small letters, digits, and - . _ between them, got "Nord Wind"'],
    [{ requires: undefined }, "$.requires: is missing; expected the columns by which its files are known"],
    [{ requires: [] }, "$.requires: expected at least one column, got []"],
    [{ delimeter: ";" }, "$.delimeter: is not known in a profile of kind csv; did you mean delimiter?"],
    [{ sheet: "Prices" }, "$.sheet: is not known in a profile of kind csv; expected one of "],
    [{ kind: "cvs" }, '$.kind: expected "csv" or "xlsx", got "cvs"'],
    [{ kind: undefined }, '$.kind: is missing; expected "csv" or "xlsx"'],
    [
      { kind: "xlsx", delimiter: undefined, encoding: undefined, limits: {}, formats: { price: { number: "detect" } } },
      "$.formats.price.number: texts of a workbook are not surveyed",
    ],
    [
      { normalizations: [{ rule: "trim", words: ["-"] }] },
      '$.normalizations[0].words: is of the rule "empty" only, not of "trim"',
    ],
    [{ normalizations: [{ rule: "trimm" }] }, '$.normalizations[0].rule: expected "trim" or "nfc" or "empty", got "trimm"'],
    [
      { aliases: { sku: ["Nr"], price: ["NR"] } },
      '$.aliases.price[0]: "NR" stands for the column "sku" already; expected a name that is of one column only',
    ],
    [{ excludes: ["price"] }, '$.excludes[0]: "price" is required as well'],
    [{ defaults: { currency: "" } }, '$.defaults.currency: expected a text that is not empty, got ""'],
    [{ delimiter: '"', quote: '"' }, "$.quote: delimiter and quote are different characters"],
    [{ limits: { rowLength: 1e9 } }, "$.limits.rowLength: expected at most 268435456 characters, got 1000000000"],
  ])("that says %j is refused, with the place", (change, problem) => {
    const found = problemsOf({ ...good, ...change })
    expect(found[0]).toContain(problem)
    expect(found).toHaveLength(1)
  })

  test("all that is wrong is said at once, with the file's name", () => {
    const parsed = Profile.parse(JSON.stringify({ ...good, version: "3", quote: 1 }), "nordwind.json")
    expect(Result.getOrThrow(Result.flip(parsed)).message).toBe(
      'nordwind.json: $.version: expected number, got "3"; $.quote: expected string | null, got 1',
    )
    expect(() => Profile.make({ ...good, version: 1.5 })).toThrow("nordwind-prices: $.version")
  })

  test("what is no JSON is said", () => {
    for (const text of ["", "{", "[]", "3", "null"])
      expect(Result.getOrThrow(Result.flip(Profile.parse(text, "a.json"))).message).toMatch(
        /^a\.json: \$: (is no JSON|expected an object)/,
      )
  })

  test("is read from a file; one that is not there is a source error", async () => {
    const folder = await mkdtemp(join(tmpdir(), "waybill-profile-"))
    try {
      const file = join(folder, "nordwind.json")
      writeFileSync(file, JSON.stringify(good, null, 2))
      expect(readFileSync(file, "utf8")).not.toBe(JSON.stringify(good))
      expect((await Effect.runPromise(Profile.read(file))).sha256).toBe(Profile.make(good).sha256)
      const error = await Effect.runPromise(Effect.flip(Profile.read(join(folder, "none.json"))))
      expect(error).toMatchObject({ _tag: "SourceError", reason: "NotFound" })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test("its hash minds neither blanks nor the order of members, and every value", () => {
    const shuffled = (value: unknown, seed: number): unknown =>
      typeof value !== "object" || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .map(([key, member], at) => [(at * 7 + seed) % 13, key, shuffled(member, seed)] as const)
              .sort(([one], [other]) => one - other)
              .map(([, key, member]) => [key, member]),
          )
    const { sha256 } = Profile.make(good)
    fc.assert(
      fc.property(fc.nat(12), fc.nat(4), (seed, indent) => {
        const parsed = Profile.parse(JSON.stringify(shuffled(good, seed), null, indent))
        expect(Result.getOrThrow(parsed).sha256).toBe(sha256)
      }),
      { numRuns: 20 },
    )
    for (const change of [{ version: 4 }, { delimiter: "," }, { defaults: { currency: "TRY" } }, { limits: { bytes: 1 } }])
      expect(Profile.make({ ...good, ...change }).sha256).not.toBe(sha256)
  })
})
