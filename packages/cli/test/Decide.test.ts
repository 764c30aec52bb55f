/**
 * Candidates and decisions on the command line: what a person sees, types, and is told.
 */
import { Sink } from "@waybill/core"
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { idOf, make, masked } from "./application.ts"

const at = "1970-01-01 00:00:00 UTC"

const misspelt = async (options: Parameters<typeof make>[0] = { allowPartial: true }) => {
  const shop = make(options)
  return { ...shop, id: idOf(await shop.run("validate", "misspelt.csv", "--json")) }
}
const linesOf = (out: string): ReadonlyArray<unknown> =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown)

describe("candidates", () => {
  test("are shown with the nearest keys, and how to decide about the first", async () => {
    const { id, run } = await misspelt()
    const { code, out } = await run("candidates", id)
    expect(code).toBe(0)
    expect(masked(out)).toBe(`  entity  key       rows  first row       standing  nearest
  brand   -x'\\nz       1  misspelt.csv:3  open
  brand   Phillips     2  misspelt.csv:1  open      Philips

Next
  read a key as another one, such as the nearest:
    shop decide JOB brand Phillips --as Philips
  have a record created for it:
    shop decide JOB brand Phillips --create
  have the rows that refer to it rejected:
    shop decide JOB brand Phillips --reject
`)
    expect(linesOf((await run("candidates", id, "--json")).out)).toMatchObject([
      { key: "-x'\nz", standing: "open", nearest: [], remembered: null },
      { key: "Phillips", rows: 2, standing: "open", nearest: ["Philips"], remembered: null },
    ])
  })

  test("are offered as a shell takes them, whatever their keys are", async () => {
    const { id, run } = await misspelt()
    await run("decide", id, "brand", "Phillips", "--as", "Philips")
    const offered = masked((await run("candidates", id)).out)
    expect(offered).toContain("    shop decide --create -- JOB brand $'-x\\'\\nz'\n")
    expect(offered).toContain("    shop decide --reject -- JOB brand $'-x\\'\\nz'\n")
  })

  test("say what was decided since, and offer the validation that goes by it", async () => {
    const { id, run } = await misspelt()
    await run("decide", "--reject", "--", id, "brand", "-x'\nz")
    const offered = masked((await run("candidates", id)).out)
    expect(offered).toContain("open               rejected, as ada decided\n")
    expect(offered).toContain("shop decide JOB brand Phillips --as Philips\n")
    await run("decide", id, "brand", "Phillips", "--as", "Philips", "--by", "bea")
    expect(
      masked((await run("candidates", id)).out),
    ).toBe(`  entity  key       rows  first row       standing  nearest  decided since
  brand   -x'\\nz       1  misspelt.csv:3  open               rejected, as ada decided
  brand   Phillips     2  misspelt.csv:1  open      Philips  read as Philips, as bea decided

Next
  validate misspelt.csv again, with the arguments of its import; the decisions hold from then on:
    shop validate prices …
`)
    const again = idOf(await run("validate", "misspelt.csv", "--json"))
    const settled = masked((await run("candidates", again)).out)
    expect(settled).toBe(`  entity  key       rows  first row       standing
  brand   -x'\\nz       1  misspelt.csv:3  rejected
  brand   Phillips     2  misspelt.csv:1  read as Philips
`)
    await run("decide", again, "brand", "Phillips", "--forget")
    expect((await run("candidates", again)).out).toContain("read as Philips  taken back\n")
  })

  test("are listed without near keys where the target cannot be asked, which is said", async () => {
    const { id, run, sink } = await misspelt()
    const plan = sink.plan
    Object.assign(sink, {
      plan: (...args: Parameters<typeof plan>) =>
        Effect.map(plan(...args), (session) => ({
          ...session,
          keys: () =>
            Effect.fail(new Sink.SinkError({ reason: "DataRefused", message: "no rights to read brand", isRetryable: false })),
        })),
    })
    const { code, err, out } = await run("candidates", id, "--json")
    expect([code, err]).toEqual([0, "The target could not be asked for near keys: no rights to read brand\n"])
    expect(linesOf(out)).toMatchObject([{ nearest: [] }, { key: "Phillips", nearest: [], standing: "open" }])
  })
})

describe("decide", () => {
  test("remembers who decided what, and says what to do next", async () => {
    const { id, run, sink } = await misspelt()
    const first = await run("decide", id, "brand", "Phillips", "--as", "Philips")
    expect([first.code, masked(first.out), first.err]).toEqual([
      0,
      `brand "Phillips" is read as "Philips", as ada decided (version 1).
Job JOB stays as it is.

Next
  look at the 1 candidate that nobody has decided about:
    shop candidates JOB
  validate misspelt.csv again, with the arguments of its import; the decisions hold from then on:
    shop validate prices …
`,
      "",
    ])
    const second = await run("decide", "--create", "--by", "bea", "--json", "--", id, "brand", "-x'\nz")
    expect(JSON.parse(second.out)).toMatchObject({ import: "prices", key: "-x'\nz", verdict: "create", by: "bea", version: 1 })
    expect(
      (await run("decisions")).out,
    ).toBe(`  import  entity  key       is               decided by  at                       version
  prices  brand   -x'\\nz    created          bea         ${at}        1
  prices  brand   Phillips  read as Philips  ada         ${at}        1
`)
    expect(JSON.parse((await run("decisions", "prices", "--json")).out)).toHaveLength(2)
    expect((await run("run", "misspelt.csv")).code).toBe(0)
    expect([...sink.tables.get("price")!.values()].map((values) => values[1])).toEqual(["Philips", "Philips", "-x'\nz"])
  })

  test("keeps the mode that the job was validated in", async () => {
    const { run } = make()
    const id = idOf(await run("validate", "unknown.csv", "--mode", "smart", "--json"))
    expect((await run("decide", id, "brand", "Acme", "--reject")).out).toContain("shop validate prices … --mode smart\n")
  })

  test("takes back what was decided, once", async () => {
    const { id, run } = await misspelt()
    await run("decide", id, "brand", "Phillips", "--reject")
    expect((await run("decide", id, "brand", "Phillips", "--forget")).out).toContain(
      `brand "Phillips" is open again, as ada decided (version 2).\n`,
    )
    expect((await run("decisions")).out).toBe("Nothing is decided.\n")
    expect(await run("decide", id, "brand", "Phillips", "--forget")).toEqual({
      code: 1,
      out: "",
      err: 'Nothing is decided about brand "Phillips" that could be taken back.\n',
    })
  })

  test.each([
    [["Phillips", "--as", "Nobody"], /cannot be read as "Nobody": there is no brand of that key/, "candidates"],
    [["Philips", "--create"], /has no candidate brand "Philips"/, "candidates"],
    [["Phillips", "--reject", "--if-version", "0"], /somebody else has decided .* since version 0 was read/, "decisions prices"],
  ] as const)("%j is refused, with what to look at", async (asked, message, command) => {
    const { id, run } = await misspelt()
    if (asked.includes("--if-version" as never)) await run("decide", id, "brand", "Phillips", "--create")
    const before = (await run("decisions", "--json")).out
    const { code, err, out } = await run("decide", id, "brand", ...asked)
    expect([code, out]).toEqual([1, ""])
    expect(err).toMatch(message)
    expect(err).toContain(`\`shop ${command}`)
    expect((await run("decisions", "--json")).out).toBe(before)
  })

  test("without a store for decisions says what to provide", async () => {
    const { id, run } = await misspelt({ forgetful: true })
    const { code, err } = await run("decide", id, "brand", "Phillips", "--create")
    expect([code, err]).toEqual([
      1,
      "decisions about candidates are not kept: provide the layer of a decision store, such as FileDecisionStore.\n",
    ])
  })

  test.each([
    [["decide"], "Which job? Its id is missing; `jobs` lists them."],
    [["decide", "1"], "Which candidate? Its entity and key are missing; `candidates 1` lists them."],
    [["decide", "1", "brand"], "Which candidate? Its key is missing; `candidates 1` lists them."],
    [["decide", "1", "brand", "x", "y"], "There is one argument too many: y."],
    [["decide", "1", "brand", "x"], "What becomes of it? Say one of --create, --as KEY, --reject or --forget."],
    [["decide", "1", "brand", "x", "--create", "--reject"], "Say only one of --create, --as KEY, --reject or --forget."],
    [
      ["decide", "1", "brand", "x", "--create", "--if-version", "one"],
      'The option --if-version is a whole number such as 1, not "one".',
    ],
    [["decisions", "others"], "There is no import others. Choose one of prices."],
  ])("%j makes no sense", async (args, message) => {
    const { code, err, out } = await make().run(...args)
    expect([code, out, err.split("\n")[0]]).toEqual([64, "", message])
  })
})
