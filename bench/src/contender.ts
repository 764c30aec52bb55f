/**
 * A contender is one way to do a job; it runs in a process of its own, which measures it.
 *
 * @module
 */

/** What a contender is given. */
export interface Task {
  /** The database, with credentials. */
  readonly url: string
  /** The input file. */
  readonly file: string
  /** A folder for whatever the contender keeps between its runs (jobs, snapshots). */
  readonly folder: string
  /** The job to commit, as a `validate` before told it. */
  readonly job?: string
}

/** What a contender tells when it is done. */
export interface Outcome {
  /** Rows it read, or records it settled where it reads no rows. */
  readonly rows: number
  /** Rows it left out as invalid. */
  readonly rejected: number
  /** The job that a commit may name. */
  readonly job?: string
  /** Other numbers to be checked: `created`, `updated`, `unchanged`. */
  readonly counts?: Readonly<Record<string, number>>
  /** Seconds of parts of the work, where they were taken. */
  readonly stages?: Readonly<Record<string, number>>
}

/** Does the job. */
export type Contender = (task: Task) => Promise<Outcome>

/** A contender's run, measured inside its process. */
export interface Measured extends Outcome {
  readonly seconds: number
  /** Processor time of all its threads meanwhile, which other work on the machine does not change. */
  readonly processorSeconds?: number
  readonly peakRssBytes: number
}

/**
 * All contenders by name. They are imported when they are run, so that a process holds the modules of one, and so that importing
 * them is no part of what is measured.
 */
export const contenders: { readonly [name: string]: () => Promise<Contender> } = {
  copy: async () => (await import("./contenders/copy.ts")).copy,
  script: async () => (await import("./contenders/script.ts")).script,
  "mongo-insert": async () => (await import("./contenders/mongoInsert.ts")).mongoInsert,
  "mongo-upsert": async () => (await import("./contenders/mongoUpsert.ts")).mongoUpsert,
  "catalog-run": async () => (await import("./contenders/waybillCatalog.ts")).run,
  "catalog-validate": async () => (await import("./contenders/waybillCatalog.ts")).validate,
  "catalog-commit": async () => (await import("./contenders/waybillCatalog.ts")).commit,
  "catalog-bare-commit": async () => (await import("./contenders/waybillCatalog.ts")).bareCommit,
  "stations-run": async () => (await import("./contenders/waybillStations.ts")).run,
  "stations-validate": async () => (await import("./contenders/waybillStations.ts")).validate,
  "stations-commit": async () => (await import("./contenders/waybillStations.ts")).commit,
  "stations-bare-commit": async () => (await import("./contenders/waybillStations.ts")).bareCommit,
  "files-waybill-csv": async () => (await import("./contenders/filesWaybill.ts")).csv,
  "files-waybill-xlsx": async () => (await import("./contenders/filesWaybill.ts")).xlsx,
  "files-csv-parse": async () => (await import("./contenders/filesCsv.ts")).csvParse,
  "files-papaparse": async () => (await import("./contenders/filesCsv.ts")).papaparse,
  "files-fast-csv": async () => (await import("./contenders/filesCsv.ts")).fastCsv,
  "files-exceljs": async () => (await import("./contenders/filesXlsx.ts")).excelJs,
  "files-sheetjs": async () => (await import("./contenders/filesXlsx.ts")).sheetJs,
  stages: async () => (await import("./contenders/stages.ts")).stages,
}
