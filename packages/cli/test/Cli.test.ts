/**
 * The commands as a person or a script sees them: exact text, exit codes, and what goes to which stream.
 */
import { Cause, Deferred, Effect, Exit, Fiber, type Layer } from "effect"
import { describe, expect, test } from "vitest"
import { Cli, type Host } from "../src/index.ts"
import { idOf, listening, make, masked } from "./application.ts"

describe("validate", () => {
  test("shows what a commit would do, and what to type next", async () => {
    const { run } = make()
    const { code, err, out } = await run("validate", "good.csv")
    expect(masked(out)).toBe(`prices: validated; nothing is written yet
  job       JOB
  source    good.csv
  target    memory
  mode      strict
  started   1970-01-01 00:00:00 UTC by ada
  took      read 0 ms, plan 0 ms
  snapshot  SHA256
  plan      SHA256

Rows
  processed  imported  skipped  rejected
          3         3        0         0

Records
  entity  records  created  updated  unchanged  conflict  failed  candidates
  brand         0        0        0          0         0       0           0
  price         3        3        0          0         0       0           0
  total         3        3        0          0         0       0           0

Next
  write exactly this:
    shop commit JOB
`)
    expect(err).toBe("")
    expect(code).toBe(0)
  })

  test("lists issues by code and in order, without control characters of the data", async () => {
    const { run } = make()
    const { code, out } = await run("validate", "bad.csv", "--started-by", "nightly")
    expect(masked(out)).toBe(`prices: failed: 2 of 3 rows have errors, and this import takes all rows or none
  job       JOB
  source    bad.csv
  target    memory
  mode      strict
  started   1970-01-01 00:00:00 UTC by nightly
  took      read 0 ms, plan 0 ms
  failure   rows.rejected
  snapshot  SHA256
  plan      SHA256

Rows
  processed  imported  skipped  rejected
          3         1        0         2

Records
  entity  records  created  updated  unchanged  conflict  failed  candidates
  brand         0        0        0          0         0       0           0
  price         1        1        0          0         0       0           0
  total         1        1        0          0         0       0           0

Issues: 3 errors, 0 warnings
  count  code
      2  cell.decimal
      1  cell.empty

All issues
  severity  ref        column  code          value                 message
  error     bad.csv:2  amount  cell.decimal  ask us                expected a decimal number such as 12.50
  error     bad.csv:3  sku     cell.empty                          expected a value, the cell is empty
  error     bad.csv:3  amount  cell.decimal  on\\u001b[31m request  expected a decimal number such as 12.50

Next
  correct the rows at their source and import it again, or have the import allow partial imports (docs/failures.md: rows.rejected)
  cell.decimal: correct such cells at their source to what the message expects, or have the import normalize them (docs/failures.md: cell.decimal)
  cell.empty: fill in such cells at their source, or let the column of the import be empty (docs/failures.md: cell.empty)
`)
    expect(code).toBe(1)
  })

  test("lists candidates in strict mode and says how to have them created", async () => {
    const { run } = make()
    const strict = await run("validate", "unknown.csv", "--region", "the north")
    expect(strict.code).toBe(1)
    expect(masked(strict.out)).toContain(`Candidates, which exist nowhere
  entity  key   rows  first row                standing
  brand   Acme     2  unknown.csv@the north:1  open

Next
  correct the rows at their source and import it again, or have the import allow partial imports (docs/failures.md: rows.rejected)
  reference.missing: correct the key at its source, import what it refers to first, or decide about it with \`candidates\` (docs/failures.md: reference.missing)
  decide what becomes of candidates, for all files to come:
    shop candidates JOB
  or let smart mode create what is referred to and missing:
    shop validate unknown.csv --region 'the north' --mode smart
`)
    const smart = await run("validate", "unknown.csv", "--region", "the north", "--mode", "smart")
    expect(smart.code).toBe(0)
    expect(smart.out).toContain("Candidates, which the commit creates")
    expect(smart.out).toContain("  brand         1        1        0          0         0       0           1\n")
  })

  test("leaves a job that waits aside only with --force, and says so", async () => {
    const { run } = make({ allowPartial: true })
    const first = await run("validate", "unknown.csv")
    expect(first.code).toBe(2)
    expect(first.out).toContain("shop validate unknown.csv --force --mode smart\n")
    const again = await run("validate", "unknown.csv")
    expect({ ...again, err: masked(again.err) }).toStrictEqual({
      code: 1,
      out: "",
      err: "unknown.csv was imported before with the same definition, by job JOB (pending). Look at it with `shop show JOB`, or import the source again with --force.\n",
    })
    expect((await run("validate", "unknown.csv", "--force", "--mode", "smart")).code).toBe(0)
  })

  test("takes the name of the only import, or does without it", async () => {
    const { run } = make()
    expect((await run("validate", "prices", "good.csv")).code).toBe(0)
    expect((await run("validate", "dearer.csv")).code).toBe(0)
  })

  test("needs the name where there are several", async () => {
    const { run } = make({ second: true })
    expect(await run("validate", "good.csv")).toStrictEqual({
      code: 64,
      out: "",
      err: "There is no import good.csv. Choose one of prices, stations.\nSee `shop validate --help`.\n",
    })
    expect((await run("validate", "prices", "good.csv")).code).toBe(0)
    expect((await run("validate", "stations")).code).toBe(0)
    expect((await run("validate", "stations", "--region", "north")).err).toContain("The import stations has no option --region.")
  })
})

describe("commit and run", () => {
  test("a commit does what its preview said, and once only", async () => {
    const { run, sink } = make()
    const id = idOf(await run("validate", "good.csv", "--json"))
    expect(sink.tables.get("price")?.size ?? 0).toBe(0)
    const done = await run("commit", id)
    expect(done.code).toBe(0)
    expect(done.out).toContain("prices: committed and verified\n")
    expect(done.out).toContain("  price         3        3        0          0         0       0           0\n")
    expect([...sink.tables.get("price")!.keys()]).toStrictEqual(["A-1", "A-2", "A-3"])
    const again = await run("commit", id)
    expect({ ...again, err: masked(again.err) }).toStrictEqual({
      code: 1,
      out: "",
      err: "job JOB is success; only a pending job can be committed.\n",
    })
  })

  test("run commits at once; rejected rows are exit code 2", async () => {
    const { run, sink } = make({ allowPartial: true })
    const { code, out } = await run("run", "bad.csv")
    expect(code).toBe(2)
    expect(out).toContain("prices: committed in part and verified: 2 rows rejected\n")
    expect([...sink.tables.get("price")!.keys()]).toStrictEqual(["A-1"])
  })

  test("a record that changed since is a conflict: failed, with its issue", async () => {
    const { run, sink } = make()
    expect((await run("run", "good.csv")).code).toBe(0)
    const id = idOf(await run("validate", "dearer.csv", "--json"))
    sink.tables.get("price")!.set("A-1", ["A-1", "Osram", "9.00"])
    const { code, out } = await run("commit", id)
    expect(code).toBe(1)
    expect(out).toContain("prices: failed: 1 records in the target are no longer what the plan saw")
    expect(out).toContain("Found by the commit\n")
    expect(out).toContain("it was changed in the target since the plan was made\n")
  })

  test("an unknown job is one sentence", async () => {
    expect(await make().run("commit", "20200101-000000-nojob0")).toStrictEqual({
      code: 1,
      out: "",
      err: "There is no job 20200101-000000-nojob0; `jobs` lists them.\n",
    })
  })
})

describe("looking into jobs", () => {
  test("jobs lists and filters", async () => {
    const { run } = make({ allowPartial: true })
    expect((await run("jobs")).out).toBe("No jobs.\n")
    await run("validate", "good.csv", "--started-by", "bea")
    await run("run", "bad.csv")
    const partial = await run("jobs", "--status", "partial,failed")
    expect(
      masked(partial.out),
    ).toBe(`  job                     import  status   mode    started by  created                  rows  rejected  source
  JOB  prices  partial  strict  ada         1970-01-01 00:00:00 UTC     3         2  bad.csv
`)
    const ofBea = await run("jobs", "--started-by", "bea", "--json")
    expect((JSON.parse(ofBea.out) as ReadonlyArray<{ startedBy: string }>).map((job) => job.startedBy)).toStrictEqual(["bea"])
    expect((JSON.parse((await run("jobs", "--limit", "1", "--json")).out) as ReadonlyArray<unknown>).length).toBe(1)
    expect((await run("jobs", "--import", "others")).out).toBe("No jobs.\n")
  })

  test("issues are NDJSON for scripts, and can be narrowed", async () => {
    const { run } = make()
    const id = idOf(await run("validate", "bad.csv", "--json"))
    const { code, out } = await run("issues", id, "--json")
    expect(code).toBe(0)
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { code: "cell.decimal", ref: "bad.csv:2", value: "ask us" },
      { code: "cell.empty", ref: "bad.csv:3", column: "sku" },
      { code: "cell.decimal", ref: "bad.csv:3" },
    ])
    expect((await run("issues", id, "--code", "cell.empty")).out).toBe(`  severity  ref        column  code        value  message
  error     bad.csv:3  sku     cell.empty         expected a value, the cell is empty
`)
    expect((await run("issues", id, "--limit", "1")).out).toContain("\n1 of 3 issues; --limit N shows more.\n")
  })

  test("changes shows each record's fields before and after", async () => {
    const { run } = make()
    await run("run", "good.csv")
    const id = idOf(await run("validate", "dearer.csv", "--json"))
    expect((await run("changes", id)).out).toBe(`update     price A-1  (dearer.csv:1)\n             amount: "10.00" → "12.50"\n`)
    expect((await run("changes", id, "--action", "unchanged")).out).toBe("unchanged  price A-2  (dearer.csv:2)\n")
    const lines = (await run("changes", id, "--json")).out.trimEnd().split("\n")
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ action: "update", key: "A-1" }])
  })

  test("candidates are listed", async () => {
    const { run } = make()
    const id = idOf(await run("validate", "unknown.csv", "--json"))
    expect((await run("candidates", id)).out).toContain("brand   Acme     2  unknown.csv:1  open\n")
    expect(JSON.parse((await run("candidates", id, "--json")).out)).toMatchObject({ entity: "brand", key: "Acme", rows: 2 })
  })
})

describe("streams", () => {
  test("with --json standard output is the job alone, whatever is logged", async () => {
    const { code, err, out } = await make().run("validate", "good.csv", "--json", "--verbose")
    expect(JSON.parse(out)).toMatchObject({ import: "prices", status: "pending", counts: { processed: 3, created: 3 } })
    expect(masked(err)).toContain("INFO validation begins job=JOB import=prices source=good.csv\n")
    expect(code).toBe(0)
  })

  test("a terminal gets colours and a progress line that goes away", async () => {
    const { err, out } = await make({ terminal: true }).run("validate", "good.csv")
    expect(out).toContain("\u001b[32mvalidated\u001b[39m; nothing is written yet")
    expect(err).toContain("\r\u001b[KPlanning …")
    expect(err.endsWith("\r\u001b[K")).toBe(true)
  })

  test("no secret is shown, wherever it comes from", async () => {
    const { imports, layer } = make()
    const { host, said } = listening()
    const broken = (error: unknown): Effect.Effect<never, unknown> => Effect.fail(error)
    const secret = "hunter2"
    for (const error of [
      new Error(`connect postgres://ada:${secret}@db/shop failed`),
      { message: `GET https://api/poi?key=${secret}&x=1 answered 403` },
      `password=${secret}`,
      { message: `{"authorization": "Bearer ${secret}"}` },
    ]) {
      const prices = { ...imports["prices"]!, definition: broken(error) }
      const code = await Effect.runPromise(Cli.execute({ imports: { prices }, layer }, ["validate", "good.csv"], host))
      expect(code).toBe(1)
    }
    const all = said()
    expect(all).toContain("connect postgres://***@db/shop failed.\n")
    expect(all).not.toContain(secret)
  })

  test("an interruption closes the command's scope and is no failure of its own", async () => {
    const { imports, layer } = make()
    const { closed, exit } = await Effect.runPromise(
      Effect.gen(function* () {
        const opened = yield* Deferred.make<void>()
        let closed = false
        const definition = Effect.acquireRelease(Deferred.succeed(opened, undefined), () =>
          Effect.sync(() => {
            closed = true
          }),
        ).pipe(Effect.andThen(Effect.never))
        const host: Host.Host = {
          out: () => Effect.void,
          err: () => {},
          colour: false,
          progress: false,
          user: "ada",
          program: "shop",
        }
        const application = {
          imports: { prices: { ...imports["prices"]!, definition } },
          layer: layer as Layer.Layer<never> as typeof layer,
        }
        const fiber = yield* Effect.forkChild(Cli.execute(application, ["run", "good.csv"], host))
        yield* Deferred.await(opened)
        yield* Fiber.interrupt(fiber)
        return { exit: yield* Fiber.await(fiber), closed }
      }),
    )
    expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true)
    expect(closed).toBe(true)
  })
})

const names =
  "validate, commit, run, jobs, show, issues, candidates, decide, decisions, changes, html, rejected, replay, resume, again, pause, cancel, undo, retention"

describe("misuse is exit code 64", () => {
  test.each([
    [[], `A command is missing: ${names}.`],
    [["import"], `There is no command import; there are ${names}.`],
    [["validate"], "The import prices needs FILE: the price list."],
    [["validate", "a.csv", "b.csv"], "There is one argument too many: b.csv."],
    [["validate", "a.csv", "--dry-run"], "There is no option --dry-run."],
    [["validate", "a.csv", "--mode", "lenient"], 'The option --mode is strict or smart, not "lenient".'],
    [["validate", "a.csv", "--mode"], "The option --mode needs a value: strict or smart."],
    [["validate", "a.csv", "--mode", "--json"], "The option --mode needs a value: strict or smart."],
    [["validate", "a.csv", "--json=yes"], "The option --json takes no value."],
    [["validate", "a.csv", "--region", "a", "--region", "b"], "The option --region is given twice."],
    [["commit"], "Which job? Its id is missing; `jobs` lists them."],
    [["commit", "1", "2"], "There is one argument too many: 2."],
    [["commit", "1", "--mode", "smart"], "There is no option --mode."],
    [
      ["jobs", "--status", "done"],
      'There is no status "done"; choose of validating, pending, running, success, partial, failed, cancelled, undone.',
    ],
    [["jobs", "--limit", "0"], 'The option --limit is a whole number such as 20, not "0".'],
    [["issues", "1", "--limit", "all"], "There is no job 1; `jobs` lists them."],
  ])("%j", async (args, message) => {
    const { code, err, out } = await make().run(...args)
    expect(err.split("\n")[0]).toBe(message)
    expect(code).toBe(message === "There is no job 1; `jobs` lists them." ? 1 : 64)
    expect(out).toBe("")
  })
})

test("help names the imports, the commands and what they take", async () => {
  const { run } = make()
  const all = await run("--help")
  expect(all.code).toBe(0)
  expect(all.out).toContain(
    "Usage: shop COMMAND … [OPTIONS]\n\nImports\n  prices FILE  prices of a supplier\n\nCommands\n  validate FILE ",
  )
  expect((await run("commit", "--help")).out).toBe(`Usage: shop commit JOB [OPTIONS]

do exactly what the job's plan says, and verify it in the target

Options
  --wait     where another worker is in the way, wait for it
  --json     write the result as JSON to standard output; everything else goes to standard error
  --verbose  write all logs to standard error
`)
  expect((await run("validate", "-h")).out).toContain(
    "  FILE            the price list\n  --region VALUE  only prices of this region\n",
  )
})
