/**
 * A command that writes reports, for the command line of an application: `report JOB --workbook out.xlsx`.
 *
 * It is made as the command line takes its extras, and needs nothing of it: the application puts the two together.
 *
 * @module
 */
import type { JobStore, SnapshotStore, Source } from "@waybill/core"
import { Data, Effect, type Stream } from "effect"
import type * as CsvSource from "../CsvSource.ts"
import type { Profile } from "../Profile.ts"
import type * as XlsxSource from "../XlsxSource.ts"
import * as MarkUp from "./MarkUp.ts"
import * as Output from "./Output.ts"
import * as Workbook from "./Workbook.ts"

/** What was typed makes no sense; the command line says so, points to the help, and ends with exit code 64. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

/** What {@link make} takes. */
export interface Options {
  /** The source that reads a file, as the application's imports do. */
  readonly source: (file: string, sheet: string | undefined) => Source.Source
  /** How an application's files are read, where that is not the usual way: needed to mark them up. */
  readonly csv?: Omit<CsvSource.Options, "file" | "bytes">
  readonly xlsx?: Omit<XlsxSource.Options, "file" | "bytes">
  /** The profiles that files are read by, where they are: the one that a job went by is needed to mark its file up. */
  readonly profiles?: ReadonlyArray<Profile>
}

interface Host {
  readonly out: (text: string) => Effect.Effect<void>
}

const options = {
  workbook: "write a report workbook to this file",
  original: "the file that the job read: all of its rows are then on the workbook's sheet Data",
  "marked-up": "the file that the job read, to be written to --out with what is wrong marked in it",
  out: "where the marked-up file is written",
  sheet: "the sheet that the job read; the first by default",
} as const

type Input = { readonly job: string } & { readonly [option in keyof typeof options]: string | undefined }

/** The command, as an extra of `@waybill/cli`. */
export const make = ({ csv, profiles = [], source, xlsx }: Options) => ({
  description: "write what a job found into a workbook, or into the file that it read",
  arguments: { job: "the id of the job" },
  options,
  run: (input: Input, host: Host) =>
    Effect.gen(function* () {
      const { job, original, out, sheet, workbook } = input
      const marked = input["marked-up"]
      if (workbook === undefined && marked === undefined)
        return yield* fail("report needs --workbook FILE, or --marked-up FILE with --out FILE")
      if ((marked === undefined) !== (out === undefined)) return yield* fail("--marked-up FILE and --out FILE go together")
      if (marked !== undefined && marked === out)
        return yield* fail("--out would take the place of the original; name another file")
      const write = <E>(bytes: Stream.Stream<Uint8Array, E, JobStore.JobStore | SnapshotStore.SnapshotStore>, path: string) =>
        Effect.andThen(Output.toFile(bytes, path), host.out(`${path}\n`))
      if (workbook !== undefined)
        yield* write(Workbook.stream(job, original === undefined ? {} : { source: source(original, sheet) }), workbook)
      if (marked !== undefined && out !== undefined) {
        const named = sheet === undefined ? {} : { sheet }
        yield* write(
          source(marked, sheet).kind === "csv"
            ? MarkUp.csv(job, { ...csv, profiles, file: marked })
            : MarkUp.xlsx(job, { ...xlsx, ...named, profiles, file: marked }),
          out,
        )
      }
      return undefined
    }),
})

const fail = (message: string) => Effect.fail(new UsageError({ message }))
