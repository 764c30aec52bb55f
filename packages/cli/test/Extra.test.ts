/**
 * Commands of an application's own.
 */
import { Effect } from "effect"
import { expect, test } from "vitest"
import { Cli, Extra } from "../src/index.ts"
import { listening, make } from "./application.ts"

test("an application's own command is one among the others", async () => {
  const { imports, layer } = make()
  const greet = Extra.make({
    description: "greets somebody",
    arguments: { name: "whom" },
    options: { language: "in which language" },
    run: ({ language, name }, { out }) =>
      name === "nobody"
        ? Effect.fail({ message: "nobody is there" })
        : language === "tlh"
          ? Effect.fail(new Extra.UsageError("Nobody speaks tlh"))
          : language === "la"
            ? Effect.fail({ _tag: "UsageError", message: "la is not spoken any more" })
            : out(`${language === "tr" ? "Merhaba" : "Hello"} ${name}\n`),
  })
  const run = async (...args: ReadonlyArray<string>) => {
    const { host, said } = listening()
    const code = await Effect.runPromise(Cli.execute({ imports, extras: { greet }, layer }, args, host))
    return `${code}: ${said()}`
  }
  expect(await run("greet", "Ayşe", "--language", "tr")).toBe("0: Merhaba Ayşe\n")
  expect(await run("greet", "nobody")).toBe("1: nobody is there.\n")
  expect(await run("greet", "Ayşe", "--language", "tlh")).toBe("64: Nobody speaks tlh.\nSee `shop greet --help`.\n")
  expect(await run("greet", "Ayşe", "--language", "la")).toBe("64: la is not spoken any more.\nSee `shop greet --help`.\n")
  expect(await run("greet")).toBe("64: greet needs NAME: whom.\nSee `shop greet --help`.\n")
  expect(await run("greet", "a", "b")).toBe("64: There is one argument too many: b.\nSee `shop greet --help`.\n")
  expect(await run("greet", "a", "--region", "b")).toBe("64: There is no option --region.\nSee `shop greet --help`.\n")
  expect(await run("--help")).toContain("  greet NAME             greets somebody\n")
})
