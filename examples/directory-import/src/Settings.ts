/**
 * What the environment says; whatever is wrong is told in one message, without secrets.
 */

/** The settings. */
export interface Settings {
  /** `IMPORT_FOLDER`: the folder that is collected. */
  readonly folder: string
  /** `DATABASE_URL`: a PostgreSQL, for documents, jobs and snapshots. */
  readonly databaseUrl: string
  /** `OBJECTS_FOLDER`, or `OBJECTS_BUCKET` with `OBJECTS_ENDPOINT` where it is not Amazon's: where content goes. */
  readonly objects: { readonly folder: string } | { readonly bucket: string; readonly endpoint: string | undefined }
  /** `IMPORT_MAX_FILES`, `IMPORT_MAX_BYTES`: ceilings of one run; `IMPORT_MAX_FILE_BYTES`: the largest file that is taken. */
  readonly maxFiles: number
  readonly maxBytes: number
  readonly maxFileBytes: number
  /** `IMPORT_LEASE_MS`: how long a worker that is not heard of keeps its jobs. */
  readonly leaseMs: number
  /** `IMPORT_TRACE`: a line for each object on standard error. */
  readonly trace: boolean
}

/** Reads them, or throws with all that is wrong. */
export const read = (environment: { readonly [name: string]: string | undefined }): Settings => {
  const problems: Array<string> = []
  const text = (name: string, expected: string): string => {
    const value = environment[name]?.trim() ?? ""
    if (value === "") problems.push(`${name} is not set (expected ${expected})`)
    return value
  }
  const count = (name: string, otherwise: number): number => {
    const value = environment[name]?.trim() ?? ""
    if (value === "") return otherwise
    if (!/^[1-9]\d{0,14}$/.test(value)) problems.push(`${name} is “${value}” (expected a whole number above 0)`)
    return Number(value)
  }
  const bucket = environment["OBJECTS_BUCKET"]?.trim() ?? ""
  const settings: Settings = {
    folder: text("IMPORT_FOLDER", "the folder to collect"),
    databaseUrl: text("DATABASE_URL", "a PostgreSQL, such as postgres://user@host/database"),
    objects:
      bucket === ""
        ? { folder: text("OBJECTS_FOLDER", "the folder for content; or OBJECTS_BUCKET") }
        : { bucket, endpoint: environment["OBJECTS_ENDPOINT"] },
    maxFiles: count("IMPORT_MAX_FILES", 10_000),
    maxBytes: count("IMPORT_MAX_BYTES", 5 * 1024 ** 3),
    maxFileBytes: count("IMPORT_MAX_FILE_BYTES", 64 * 1024 ** 2),
    leaseMs: count("IMPORT_LEASE_MS", 60_000),
    trace: (environment["IMPORT_TRACE"] ?? "") !== "",
  }
  if (problems.length > 0) throw new Error(`The environment is not in order: ${problems.join("; ")}`)
  return settings
}
