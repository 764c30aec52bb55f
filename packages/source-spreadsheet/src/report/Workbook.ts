/**
 * A report workbook tells people what a job found and will do: Summary, Issues, Data, Candidates, Normalization and Changes, as XLSX.
 *
 * Data holds the rows as they can be imported again: correct what is red, save, upload. The XLSX source finds the sheet by itself. Nothing in
 * the workbook is a formula, whatever the cells of a file begin with, and the same job in the same state gives the same bytes.
 *
 * The workbook is written as it is read, a block at a time; what is held are the places of rows with issues, at most 65,000.
 *
 * @module
 */
import { Inspection, type JobStore, type SnapshotStore, type Source } from "@waybill/core"
import { type Cause, Effect, Queue, Stream } from "effect"
import * as IssueColumn from "../IssueColumn.ts"
import { Book, mostRows } from "./internal/Book.ts"
import * as dataSheet from "./internal/dataSheet.ts"
import * as detailSheets from "./internal/detailSheets.ts"
import * as summarySheet from "./internal/summarySheet.ts"
import type { Out } from "./internal/ZipWriter.ts"
import type { ReportError } from "./ReportError.ts"

/** What {@link stream} takes. */
export interface Options<R = never> {
  /**
   * The job's source, to be read again: then all rows are on Data. It must have the same bytes (`WrongSource`). Without it Data holds the
   * rejected rows, which the job keeps.
   */
  readonly source?: Source.Source<R> | undefined
  /** Rows of a sheet, its header included, before a further one is begun; 1,048,576 by default, the most there can be. */
  readonly rowsPerSheet?: number
}

/** Why a workbook cannot be made. */
export type WorkbookError = Inspection.InspectionError | Source.SourceError | ReportError

/** The bytes of a job's report workbook. */
export const stream = <R = never>(
  jobId: string,
  options: Options<R> = {},
): Stream.Stream<Uint8Array, WorkbookError, JobStore.JobStore | SnapshotStore.SnapshotStore | R> =>
  Stream.callback<Uint8Array, WorkbookError, JobStore.JobStore | SnapshotStore.SnapshotStore | R>(
    (queue) => Effect.andThen(write(jobId, options, offerTo(queue)), Queue.end(queue)),
    { bufferSize: 8, strategy: "suspend" },
  )

const offerTo =
  (queue: Queue.Queue<Uint8Array, WorkbookError | Cause.Done>): Out =>
  (bytes) =>
    Effect.asVoid(Queue.offer(queue, bytes))

const write = <R>(jobId: string, { rowsPerSheet = mostRows, source }: Options<R>, out: Out) =>
  Effect.gen(function* () {
    if (!(Number.isSafeInteger(rowsPerSheet) && rowsPerSheet >= 2 && rowsPerSheet <= mostRows))
      return yield* Effect.die(new TypeError(`rowsPerSheet is not a whole number from 2 to ${mostRows}: ${rowsPerSheet}`))
    const job = yield* Inspection.job(jobId)
    const book = new Book(out, { title: `${job.import} ${job.id}`, created: job.updatedAt }, rowsPerSheet)
    // first, because issues are linked to its cells
    const data = yield* dataSheet.write(book, job, source)
    const issues = yield* detailSheets.issues(book, job, data.find)
    const candidates = yield* detailSheets.candidates(book, job)
    const normalizations = yield* detailSheets.normalizations(book, job)
    const changes = yield* detailSheets.changes(book, job)
    const rows = summarySheet.rows(job, { data, issues, candidates, normalizations, changes })
    yield* book.sheet("Summary", 1, summarySheet.layout, rows)
    yield* book.end({ [IssueColumn.dataName]: `'${dataSheet.name}'!$A$1` })
  })
