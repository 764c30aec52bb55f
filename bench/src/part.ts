/**
 * A part of the benchmark: contenders that are compared with each other, on one server.
 *
 * @module
 */
import type { DatabaseServer } from "@waybill-internal/databases"
import type { Measured } from "./contender.ts"
import type { Launch } from "./launch.ts"
import type { Result } from "./result.ts"

/** What a part works with. */
export interface Bench {
  /** Rows of the catalog; there is one station for every ten of them. */
  readonly rows: number
  readonly launch: Launch
  /** A folder for what contenders keep; removed at the end. */
  readonly folder: string
  readonly log: (line: string) => void
  /** Notes a property of what was measured on, for the report. */
  readonly note: (name: string, value: string) => void
  readonly postgres: () => Promise<DatabaseServer>
  readonly mongo: () => Promise<DatabaseServer>
}

/** A part. */
export interface Part {
  readonly name: string
  readonly description: string
  /** Whether it runs where no part is asked for. */
  readonly usual: boolean
  readonly run: (bench: Bench) => Promise<ReadonlyArray<Result>>
}

/** A number that is not what it has to be: the benchmark measured something else than it says. */
export class WrongResult extends Error {
  override readonly name = "WrongResult"
}

/** Throws {@link WrongResult} unless two numbers are the same. */
export const expectEqual = (what: string, actual: unknown, expected: number): void => {
  if (Number(actual) !== expected) throw new WrongResult(`${what}: expected ${expected}, got ${String(actual)}`)
}

/** One line about a result that was just measured. */
export const describe = (result: Result): string =>
  `${result.name}: ${result.seconds.toFixed(2)} s, ${result.rowsPerSecond.toLocaleString("en-US")} rows/s`

/** Runs of Waybill over one target that are alike: both phases in one process, then each in a process of its own. */
export const phases = async (
  name: string,
  kind: string,
  counted: "created" | "unchanged",
  expected: number,
  run: (name: string, contender: string, start: "anew" | "on", job?: string) => Promise<Measured>,
): Promise<void> => {
  const check = (label: string, measured: Measured): void =>
    expectEqual(`${label}: records ${counted}`, measured.counts?.[counted], expected)
  check(name, await run(name, `${kind}-run`, "anew"))
  const validated = await run(`${name}-validate`, `${kind}-validate`, "anew")
  check(`${name}-validate`, validated)
  check(`${name}-commit`, await run(`${name}-commit`, `${kind}-commit`, "on", validated.job))
}
