/**
 * The second act: a product catalog from a workbook into the PostgreSQL of a shop.
 */
import { join } from "node:path"
import { application, generateWorkbook, poolOf, setup } from "@waybill-examples/catalog-import"
import { Effect, type Scope } from "effect"
import { command, expect, heading, lastJob, type Program, say, Unexpected } from "./Stage.ts"
import type { Database } from "./servers.ts"

const rows = 600

/** See the file's first sentence. */
export const shop = (database: Database, folder: string): Effect.Effect<void, Unexpected, Scope.Scope> =>
  Effect.gen(function* () {
    const program: Program = {
      typed: "node examples/catalog-import/dist/main.js",
      application,
      environment: { DATABASE_URL: database.url, IMPORT_FOLDER: folder },
    }
    const pool = yield* poolOf(database.url)
    const counted = (table: string): Effect.Effect<number, Unexpected> =>
      Effect.tryPromise({
        try: async () => Number((await pool.query(`SELECT count(*) FROM shop.${table}`)).rows[0].count),
        catch: (cause) => new Unexpected({ message: String(cause) }),
      })
    yield* setup(pool).pipe(Effect.mapError(({ message }) => new Unexpected({ message })))
    const file = join(folder, "katalog.xlsx")
    const next = join(folder, "katalog-2.xlsx")
    yield* generateWorkbook(file, { rows, seed: 1 })
    yield* generateWorkbook(next, { rows, seed: 1, delivery: 2 })
    yield* heading("Product catalog: a purchasing department's workbook → PostgreSQL")

    yield* say(
      `The workbook has ${rows} rows, 63 columns and the usual mess: blanks, “-” and “nan”, prices such as “1.234,50” and “sorunuz”,`,
      "31 February, an error cell, a missing brand, model codes used twice. The shop's tables have foreign keys and checks.",
    )
    yield* command(program, ["validate", file], 2)
    const strict = yield* lastJob(program)
    yield* expect("the preview", [strict.counts.created, strict.counts.rejected], [785, 13])
    yield* expect("variants in the shop after the preview", yield* counted("variant"), 0)

    yield* say("The rows that are wrong, for whoever has to mend them (add --json for one object per line):")
    yield* command(program, ["issues", strict.id, "--code", "cell.decimal"])

    yield* say("A brand and a series are new to the shop. Strict mode leaves their rows out; smart mode creates what is missing:")
    yield* command(program, ["validate", file, "--force", "--mode", "smart"], 2)
    const smart = yield* lastJob(program)
    yield* expect(
      "the preview in smart mode",
      [smart.counts.created, smart.counts.rejected, smart.counts.candidates],
      [796, 7, 3],
    )
    yield* command(program, ["commit", smart.id], 2)
    const done = yield* lastJob(program)
    yield* expect("preview and commit", done.counts.entities, smart.counts.entities)
    const [products, variants] = [yield* counted("product"), yield* counted("variant")]
    yield* expect("products and variants in the shop", [products, variants], [200, 593])
    yield* say(
      `All in one transaction, read back and compared. The shop, asked directly, has ${products} products and ${variants} variants.`,
    )

    yield* say("The same workbook again is recognised by its bytes, and turned down:")
    yield* command(program, ["validate", file], 1)
    yield* say("Insisting does no harm: all of it is unchanged.")
    yield* command(program, ["run", file, "--force"], 2)
    const again = yield* lastJob(program)
    const settled = { created: 0, updated: 0, unchanged: 793 }
    const { created, unchanged, updated } = again.counts
    yield* expect("the second run", { created, updated, unchanged }, settled)

    yield* say("The next delivery has new prices and new articles. The plan says record by record what they do:")
    yield* command(program, ["validate", next], 2)
    const delivery = yield* lastJob(program)
    yield* expect("the next delivery", [delivery.counts.created, delivery.counts.updated], [8, 60])
    yield* command(program, ["changes", delivery.id, "--action", "update", "--limit", "5"])
    yield* command(program, ["commit", delivery.id], 2)
    yield* expect("variants in the shop in the end", yield* counted("variant"), 599)
  })
