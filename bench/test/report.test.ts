// Arguments, the table and the page it is written into.
import { describe, expect, it } from "vitest"
import { parts } from "../src/parts.ts"
import { collector } from "../src/result.ts"
import { fullSize, readSettings } from "../src/settings.ts"
import { markers, table, withTable } from "../src/table.ts"

const measured = (seconds: number) => ({ rows: 1_000, rejected: 0, seconds, peakRssBytes: 50_000_000 })

const results = () => {
  const { add, results } = collector("postgres", "copy")
  add("copy", measured(0.5), 2_000_000)
  add("script", measured(2), 3_400_000)
  return results
}

describe("settings", () => {
  it("are the usual parts at full size where nothing is asked for", () => {
    expect(readSettings([], parts)).toEqual({ rows: fullSize, parts: parts.filter((part) => part.usual), profile: false })
  })

  it("are what is asked for", () => {
    const asked = readSettings(["--rows", "20_000", "--only", "mongo", "--profile"], parts)
    expect(asked).toEqual({ rows: 20_000, parts: parts.filter((part) => part.name === "mongo"), profile: true })
    expect(readSettings(["--help"], parts)).toBeNull()
  })

  it.each([
    [["--rows", "many"], "--rows takes a whole number above 0, not many"],
    [["--rows", "0"], "--rows takes a whole number above 0, not 0"],
    [["--only", "oracle"], `--only takes ${parts.map((part) => part.name).join(", ")}, not oracle`],
    [["--fast"], "Unknown option '--fast'"],
  ])("%j are refused", (args, sentence) => {
    expect(readSettings(args, parts)).toEqual({ wrong: expect.stringContaining(sentence) })
  })
})

describe("results", () => {
  it("are compared with the limit of their part", () => {
    expect(results().map(({ name, ratioToCopy, rowsPerSecond }) => [name, ratioToCopy, rowsPerSecond])).toEqual([
      ["copy", 1, 2_000],
      ["script", 4, 500],
    ])
  })

  it("are a table", () => {
    expect(table(results())).toEqual([
      "| name   | seconds | rows/s | × limit | peak RSS MB | WAL MB |",
      "| ------ | ------: | -----: | ------: | ----------: | -----: |",
      "| copy   |    0.50 |  2,000 |    1.00 |          50 |      2 |",
      "| script |    2.00 |    500 |    4.00 |          50 |      3 |",
    ])
  })

  it("take the place of what is between the markers of a page", () => {
    const report = {
      rows: 1_000,
      measuredAt: "2025-07-01T10:00:00.000Z",
      machine: { cores: 2, node: "20.20.2" },
      results: results(),
    }
    const page = `# Benchmarks\n\n${markers.begin}\nold\n${markers.end}\n\nmore\n`
    const changed = withTable(page, report)
    expect(changed).toContain("Measured 2025-07-01: 1,000 rows; cores 2; node 20.20.2.\n\n| name ")
    expect(changed).not.toContain("old")
    expect(changed).toMatch(/^# Benchmarks\n\n<!--[\s\S]*-->\n\nmore\n$/)
    expect(withTable(changed!, report)).toBe(changed)
    expect(withTable("# Benchmarks\n", report)).toBeUndefined()
  })
})
