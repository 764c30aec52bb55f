/**
 * What the environment says: folders, the service's port and token, how long trips are kept.
 *
 * @module
 */
import { Config, Data, type Duration, Effect, Option, type Redacted } from "effect"

/** The environment is not as it has to be. */
export class SettingsError extends Data.TaggedError("SettingsError")<{ readonly message: string }> {}

/** The settings. */
export interface Settings {
  /** Where drops arrive; `DROP_FOLDER`, `drops` by default. */
  readonly drops: string
  /** Where workbooks go; `REPORT_FOLDER`, `reports` by default. */
  readonly reports: string
  /** Where Parquet files go; `ARCHIVE_FOLDER`, `archive` by default. */
  readonly archive: string
  /** How long trips stay in the database; `KEEP`, 400 days by default. */
  readonly keep: Duration.Duration
  /** `PORT`, 8080 by default. */
  readonly port: number
  /** What `POST` requests must bring; `INGEST_TOKEN`, at least 16 characters. Only the service needs it. */
  readonly token: Option.Option<Redacted.Redacted<string>>
  /** Largest body of a request in bytes; `MAX_BODY_BYTES`, 100 MiB by default. */
  readonly maxBody: number
}

/** Reads the settings. */
export const settings: Effect.Effect<Settings, SettingsError> = Config.all({
  drops: Config.String("DROP_FOLDER").pipe(Config.withDefault("drops")),
  reports: Config.String("REPORT_FOLDER").pipe(Config.withDefault("reports")),
  archive: Config.String("ARCHIVE_FOLDER").pipe(Config.withDefault("archive")),
  keep: Config.Duration("KEEP").pipe(Config.withDefault("400 days")),
  port: Config.Port("PORT").pipe(Config.withDefault(8080)),
  token: Config.option(Config.Redacted("INGEST_TOKEN")),
  maxBody: Config.Int("MAX_BODY_BYTES").pipe(Config.withDefault(100 * 1024 * 1024)),
}).pipe(
  Effect.map((read) => ({ ...read, token: Option.filter(read.token, () => true) })),
  Effect.mapError((error) => new SettingsError({ message: `The environment is not in order: ${error.message}` })),
) as Effect.Effect<Settings, SettingsError>
