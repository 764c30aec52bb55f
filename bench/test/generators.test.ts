// The generated inputs are the same on every machine, and have in them what they say.
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { catalogNames } from "../src/catalogColumns.ts"
import { catalogSeed } from "../src/catalogFile.ts"
import { catalogRows, invalidRows, isInvalid } from "../src/catalogRows.ts"
import { stationRows, stationSeed } from "../src/stationRows.ts"

const take = (count: number, line: () => string): ReadonlyArray<string> => Array.from({ length: count }, line)
const sha256 = (lines: ReadonlyArray<string>): string => createHash("sha256").update(lines.join("")).digest("hex")

// cells of a line that has no line end inside a cell
const cellsOf = (line: string): ReadonlyArray<string> =>
  [...line.trimEnd().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2]!,
  )

describe("the catalog", () => {
  it("is the same whenever it is made", () => {
    expect(sha256(take(1_000, catalogRows(catalogSeed)))).toBe("0ae25729e8e28217845b91469593c432bbbd9a921ae4fcf62e1fb37c4343d6e9")
  })

  it("starts alike however many rows are asked for, and differs by seed", () => {
    expect(take(300, catalogRows(7)).slice(0, 100)).toEqual(take(100, catalogRows(7)))
    expect(take(100, catalogRows(8))).not.toEqual(take(100, catalogRows(7)))
  })

  it("has 14 cells a row, keys that are there once, about 217 bytes a row, 2 % messy rows", () => {
    const lines = take(20_000, catalogRows(catalogSeed))
    const rows = lines.map(cellsOf)
    expect(rows.every((cells) => cells.length === catalogNames.length)).toBe(true)
    expect(new Set(rows.map((cells) => cells[0])).size).toBe(20_000)
    expect(new Set(rows.map((cells) => cells[1])).size).toBe(20_000)
    expect(Math.abs(Buffer.byteLength(lines.join("")) / 20_000 - 217)).toBeLessThan(5)
    const messy = rows.filter((cells) =>
      cells.some((cell) => cell !== cell.trim() || /^([+]\d.*|-|nan|null|Yes|NO|.*[+]03:00)$/.test(cell)),
    )
    expect(messy.length).toBeGreaterThan(300)
    expect(messy.length).toBeLessThan(500)
  })

  it("knows its invalid rows", () => {
    for (const rows of [1, 5_000, 5_001, 20_000, 123_456])
      expect(invalidRows(rows)).toBe(Array.from({ length: rows }, (_, at) => at).filter(isInvalid).length)
  })
})

describe("the stations", () => {
  it("are the same whenever they are made", () => {
    expect(sha256(take(1_000, stationRows(stationSeed)))).toBe("cd8fa1910e55bd092a898beeef7d04bccb0b4f06651b058cfa02635527f45b5e")
  })

  it("are of about 600 bytes", () => {
    const lines = take(1_000, stationRows(stationSeed))
    expect(Math.abs(Buffer.byteLength(lines.join("")) / 1_000 - 600)).toBeLessThan(60)
  })
})
