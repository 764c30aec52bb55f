/**
 * A marked-up file is a partner's own file with what is wrong marked in it: bad cells coloured, with a comment that says what would be right, and a
 * column of issues at the end. Sheets, order and formats stay as they were. It is corrected and uploaded as it is; the sources leave the
 * column out.
 *
 * A workbook is changed in place, part by part: what is not touched is taken over as it is packed. The sheet that the job read is held in memory, and so
 * are the issues of its rows.
 *
 * @module
 */
import { Inspection, type JobStore, type SnapshotStore, Source } from "@waybill/core"
import { type Cause, Effect, Option, Queue, Stream } from "effect"
import * as CsvSource from "../CsvSource.ts"
import * as Input from "../internal/Input.ts"
import { csvOptions, xlsxOptions } from "../internal/ProfileOptions.ts"
import type { Profile } from "../Profile.ts"
import * as XlsxSource from "../XlsxSource.ts"
import { markCsv } from "./internal/markCsv.ts"
import * as marks from "./internal/marks.ts"
import { markXlsx } from "./internal/markXlsx.ts"
import type { ReportError } from "./ReportError.ts"

/** Why a file cannot be marked up. */
export type MarkUpError = Inspection.InspectionError | Source.SourceError | ReportError

type Bytes = Stream.Stream<Uint8Array, MarkUpError, JobStore.JobStore | SnapshotStore.SnapshotStore>

/** The largest file that is marked up, in bytes, where `maxBytes` does not say. */
export const largest = 64 * 1024 * 1024

/** Where the file is, and the profiles of which one is that which the job read it by. */
export interface Profiled extends Input.Location {
  readonly profiles: ReadonlyArray<Profile>
}

const firstPage = (source: Source.Source) =>
  Effect.flatMap(Stream.runHead(Stream.rechunk(source.read(null), 1)), (page) =>
    Option.isSome(page)
      ? Effect.succeed(page.value)
      : Effect.fail(new Source.SourceError({ reason: "Malformed", isRetryable: false, message: "the file has no rows" })),
  )

/**
 * A workbook, marked up. `options` are those of the source that the job read it with, or `profiles` where it went by a profile. The file must be the one
 * that was read, in the same way (`WrongSource`); hidden columns must not be left out (`Unsupported`), because then positions would not be those of the sheet.
 */
export const xlsx = (jobId: string, options: XlsxSource.Options | Profiled): Bytes =>
  Stream.callback<Uint8Array, MarkUpError, JobStore.JobStore | SnapshotStore.SnapshotStore>(
    (queue: Queue.Queue<Uint8Array, MarkUpError | Cause.Done>) =>
      Effect.gen(function* () {
        const { job, profile } = yield* readBy(jobId, options)
        const { definition } = profile ?? {}
        if (definition?.kind === "csv") return yield* Effect.fail(marks.ofOtherKind(job, profile!))
        const own = { maxBytes: largest, ...(definition === undefined ? options : xlsxOptions(definition, locationOf(options))) }
        const source = XlsxSource.make(own)
        yield* marks.check(job, source)
        const { cursor, place } = yield* firstPage(source)
        const found = yield* marks.ofPlace(job, place)
        const input = Input.make(own, "input.xlsx")
        yield* markXlsx(input, own, cursor, found, (bytes) => Effect.asVoid(Queue.offer(queue, bytes)))
        yield* Queue.end(queue)
      }),
    { bufferSize: 8, strategy: "suspend" },
  )

/**
 * A CSV with the issue column added, in its own dialect and encoding; `options` as for {@link xlsx}. Its other cells stay as they are, but for those that a
 * spreadsheet program might take for a formula: these get an apostrophe, which the source takes off again. A file without a header is `Unsupported`.
 */
export const csv = (jobId: string, options: CsvSource.Options | Profiled): Bytes =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { job, profile } = yield* readBy(jobId, options)
      const { definition } = profile ?? {}
      if (definition?.kind === "xlsx") return yield* Effect.fail(marks.ofOtherKind(job, profile!))
      const own = { maxBytes: largest, ...(definition === undefined ? options : csvOptions(definition, locationOf(options))) }
      const source = CsvSource.make(own)
      yield* marks.check(job, source)
      const { cursor, place } = yield* firstPage(source)
      const found = yield* marks.ofPlace(job, place)
      const input = Input.make(own, "input.csv")
      return Stream.succeed(yield* markCsv(input, own, cursor, found))
    }),
  )

const profilesOf = (options: object): ReadonlyArray<Profile> => ("profiles" in options ? (options as Profiled).profiles : [])

const locationOf = ({ bytes, file, maxBytes, name }: Input.Location): Input.Location => ({
  ...(bytes === undefined ? {} : { bytes }),
  ...(file === undefined ? {} : { file }),
  ...(maxBytes === undefined ? {} : { maxBytes }),
  ...(name === undefined ? {} : { name }),
})

const readBy = (jobId: string, options: object) =>
  Effect.gen(function* () {
    const job = yield* Inspection.job(jobId)
    return { job, profile: yield* marks.profileOf(job, profilesOf(options)) }
  })
