/**
 * A source of rows from a file of some partner: its header says whose it is, and the {@link Profile} of that partner how to read it.
 *
 * A profile fits where the header, read as the profile says, has every column that it requires, under its name or another that it knows, and none that it
 * excludes. Exactly one has to fit: none and several are `Malformed`, and the message says of each profile why. Which one was taken is part of the
 * source's identity, so that it is sealed with the snapshot, and the same file read by another profile, or by another version of it, is another input.
 *
 * What a profile changes in cells is logged: `profile.trim`, `profile.nfc`, `profile.empty`, `profile.default`, and what formats make of texts
 * (`csv.number`, `xlsx.date`, …). A column that is missing and has a default is told once, in a notice `profile.default`.
 *
 * @module
 */
import type { Source } from "@waybill/core"
import { Effect, Result, Stream } from "effect"
import { readersOf } from "./internal/ColumnFormats.ts"
import * as CsvReader from "./internal/CsvReader.ts"
import { malformed } from "./internal/classifyError.ts"
import * as Input from "./internal/Input.ts"
import { normalizing, pages } from "./internal/Preparation.ts"
import * as choice from "./internal/ProfileChoice.ts"
import { csvDialect, csvOptions, xlsxOptions, xlsxSheet } from "./internal/ProfileOptions.ts"
import type { Definition } from "./internal/ProfileSchema.ts"
import { nameOf, type Profile } from "./Profile.ts"
import * as XlsxSource from "./XlsxSource.ts"

/** What {@link make} takes: `file` or `bytes`, and the profiles of all partners whose file it may be. */
export interface Options extends Input.Location {
  readonly profiles: ReadonlyArray<Profile>
  /** What kind of file it is; by default a workbook if its name ends in `.xlsx` or `.xlsm`, else a CSV. Profiles of the other kind do not fit. */
  readonly kind?: "csv" | "xlsx"
  /** Rows in a page, as of the source that the profile makes. */
  readonly pageRows?: number
}

type Where = Omit<Options, "profiles" | "kind">

/** A source that chooses its profile. No profile, and two that have one name and version and say different things, are a defect, thrown here. */
export const make = ({ kind: given, profiles, ...where }: Options): Source.Source => {
  const fallback = given === "xlsx" ? "input.xlsx" : "input.csv"
  const input = Input.make(where, fallback)
  const kind = given ?? (/\.xls[xm]$/i.test(input.name) ? "xlsx" : "csv")
  checkProfiles(profiles)
  const named = { name: input.name, ...where }
  const chosen = choose(input, kind, profiles, named)
  return {
    kind,
    name: input.name,
    identify: Effect.gen(function* () {
      const identity = yield* Input.identify(input)
      const profile = yield* chosen
      const { name, version } = profile.definition
      return {
        ...identity,
        details: { ...identity.details, profile: { name, version, sha256: profile.sha256 } },
        reading: { name: `profile ${nameOf(profile)}`, sha256: profile.sha256 },
      }
    }),
    read: (from) => {
      if (from === null) return Stream.unwrap(Effect.map(chosen, (profile) => read(profile, named, null)))
      const it = typeof from === "object" && !Array.isArray(from) ? (from as { readonly [key: string]: Source.Cursor }) : {}
      const profile = profiles.find(({ sha256 }) => sha256 === it["profile"])
      return profile === undefined || it["at"] === undefined
        ? Stream.fail(malformed(`${input.name}: the cursor is not one of a source with these profiles`))
        : read(profile, named, it["at"])
    },
  }
}

const checkProfiles = (profiles: ReadonlyArray<Profile>): void => {
  if (profiles.length === 0) throw new TypeError("a profiled source needs at least one profile")
  const known = new Map<string, string>()
  for (const profile of profiles) {
    const before = known.get(nameOf(profile))
    if (before !== undefined) throw new TypeError(`two of the profiles are ${nameOf(profile)}`)
    known.set(nameOf(profile), profile.sha256)
  }
}

const choose = (input: Input.Input, kind: "csv" | "xlsx", profiles: ReadonlyArray<Profile>, where: Where) =>
  Effect.gen(function* () {
    // what is wrong with the file itself is said as of any file
    yield* Input.attempt(input.name, async () => (await input.open()).close())
    const looks = new Map<string, choice.Header>()
    const candidates: Array<choice.Candidate> = []
    for (const profile of profiles) {
      const { definition } = profile
      if (definition.kind !== kind) {
        candidates.push({ profile, header: Result.fail(`it is of kind ${definition.kind}, and this is read as ${kind}`) })
        continue
      }
      const how = definition.kind === "csv" ? csvDialect(definition) : xlsxSheet(definition)
      const key = JSON.stringify(how)
      if (!looks.has(key)) {
        const source =
          definition.kind === "csv"
            ? CsvReader.make({ ...where, ...csvDialect(definition), pageRows: 1 })
            : XlsxSource.make({ ...where, ...xlsxSheet(definition), pageRows: 1 })
        looks.set(key, yield* choice.headerOf(source))
      }
      candidates.push({ profile, header: looks.get(key)! })
    }
    return yield* choice.choose(input.name, candidates)
  })

const read = (
  { definition, sha256 }: Profile,
  where: Where,
  at: Source.Cursor | null,
): Stream.Stream<Source.Page, Source.SourceError> => {
  const prepare = pages(definition, readersOf(formatsOf(definition)), at === null)
  return sourceOf(definition, where)
    .read(at)
    .pipe(
      Stream.map(prepare),
      Stream.map((page) => ({ ...page, cursor: { profile: sha256, at: page.cursor } })),
    )
}

const formatsOf = ({ formats }: Definition): CsvReader.Options["formats"] => formats as CsvReader.Options["formats"]

const sourceOf = (definition: Definition, where: Where): Source.Source => {
  if (definition.kind === "xlsx") return XlsxSource.make(xlsxOptions(definition, where))
  const formats = formatsOf(definition)
  return CsvReader.make(
    { ...csvOptions(definition, where), ...(formats === undefined ? {} : { formats }) },
    normalizing(definition),
  )
}
