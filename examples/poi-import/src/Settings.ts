/** What the environment says, all of it checked at the start: whatever is wrong is told in one message, secrets left out. */
import { Config, Context, Data, Effect, Layer, Option, Redacted, Result } from "effect"

/** The environment is not as it has to be. */
export class SettingsError extends Data.TaggedError("SettingsError")<{ readonly message: string }> {}

interface Variable<A> {
  readonly name: string
  /** What it is for, and what would be right. */
  readonly expected: string
  /** The value where the variable is not set or empty; without one it has to be set. */
  readonly otherwise?: A
  /** Whether what it holds is never shown. */
  readonly secret?: boolean
  readonly read: (text: string) => A | undefined
}

const count = (name: string, what: string, otherwise: number): Variable<number> => ({
  name,
  expected: `${what}, a whole number above 0`,
  otherwise,
  read: (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined),
})

const variables = {
  baseUrl: {
    name: "OCM_BASE_URL",
    expected: "the address of the API, such as https://api.openchargemap.io/v3, without credentials",
    otherwise: "https://api.openchargemap.io/v3",
    // it may hold credentials by mistake
    secret: true,
    read: (text) => (/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(text) && URL.canParse(text) ? text : undefined),
  } as Variable<string>,
  apiKey: {
    name: "OCM_API_KEY",
    expected: "the key that Open Charge Map gave you, a GUID",
    secret: true,
    read: (text) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? Redacted.make(text) : undefined),
  } as Variable<Redacted.Redacted<string>>,
  timeoutMs: count("OCM_TIMEOUT_MS", "how long one answer may take, in milliseconds", 120_000),
  countryCode: {
    name: "OCM_COUNTRY_CODE",
    expected: "two letters such as PT",
    otherwise: null,
    read: (text) => (/^[a-z]{2}$/i.test(text) ? text.toUpperCase() : undefined),
  } as Variable<string | null>,
  mongoUri: {
    name: "MONGO_URI",
    expected: "the database, such as mongodb://127.0.0.1:27017/poi",
    secret: true,
    read: (text) => (/^mongodb(\+srv)?:\/\/[^\s/]+/.test(text) ? Redacted.make(text) : undefined),
  } as Variable<Redacted.Redacted<string>>,
  pageSize: count("IMPORT_PAGE_SIZE", "stations per request", 500),
  maxPages: count("IMPORT_MAX_PAGES", "the most pages to read", 10_000),
  folder: {
    name: "IMPORT_FOLDER",
    expected: "the folder of jobs and snapshots",
    otherwise: ".waybill/poi-import",
    read: (text) => text,
  } as Variable<string>,
} as const

type Values = {
  readonly [name in keyof typeof variables]: (typeof variables)[name] extends Variable<infer A> ? A : never
}

// one variable: its value, or what is wrong with it
const read = <A>({ expected, name, otherwise, read: from, secret = false }: Variable<A>) =>
  Config.option(Config.Redacted(name)).pipe(
    Effect.map((set): Result.Result<A, string> => {
      const text = Redacted.value(Option.getOrElse(set, () => Redacted.make(""))).trim()
      if (text === "")
        return otherwise === undefined ? Result.fail(`${name} is not set (${expected})`) : Result.succeed(otherwise)
      const value = from(text)
      if (value !== undefined) return Result.succeed(value)
      return Result.fail(`${name} is ${secret ? "set to something else" : `“${text}”`} (expected ${expected})`)
    }),
    Effect.catch((error) => Effect.succeed(Result.fail(`${name} cannot be read: ${error.message}`))),
  )

/** The settings, a service. */
export class Settings extends Context.Service<Settings, Values>()("@waybill-examples/poi-import/Settings") {
  /** Reads them from the environment, or whichever config provider there is. */
  static readonly layer = Layer.effect(
    Settings,
    Effect.gen(function* () {
      const names = Object.keys(variables) as ReadonlyArray<keyof typeof variables>
      const results = yield* Effect.forEach(names, (name) => read<unknown>(variables[name]))
      const problems = results.flatMap((result) => (Result.isFailure(result) ? [result.failure] : []))
      if (problems.length > 0)
        return yield* Effect.fail(new SettingsError({ message: `The environment is not in order: ${problems.join("; ")}` }))
      return Object.fromEntries(names.map((name, at) => [name, Result.getOrThrow(results[at]!)])) as Values
    }),
  )
}
