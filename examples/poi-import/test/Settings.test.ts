import { ConfigProvider, Effect, Exit, Layer, Option, Redacted } from "effect"
import { describe, expect, it } from "vitest"
import { Database } from "../src/Database.ts"
import { Settings } from "../src/Settings.ts"

const load = <A>(layer: Layer.Layer<A, { readonly message: string }>, environment: Record<string, string>) =>
  Effect.runPromise(
    Layer.build(layer).pipe(
      Effect.scoped,
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))),
      Effect.exit,
    ),
  )

const problemOf = async <A>(layer: Layer.Layer<A, { readonly message: string }>, environment: Record<string, string>) =>
  Option.getOrThrow(Exit.findErrorOption(await load(layer, environment))).message

const settingsOf = (environment: Record<string, string>) =>
  Effect.runPromise(
    Settings.pipe(
      Effect.provide(Settings.layer),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(environment))),
    ),
  )

const key = "5ec2e7aa-0000-4000-8000-5ec2e75ec2e7"
const enough = { OCM_API_KEY: key, MONGO_URI: "mongodb://127.0.0.1/poi" }

describe("settings", () => {
  it("need no more than a key and a database", async () => {
    const settings = await settingsOf({ ...enough, OCM_COUNTRY_CODE: "", IMPORT_PAGE_SIZE: " " })
    expect(settings).toMatchObject({
      baseUrl: "https://api.openchargemap.io/v3",
      timeoutMs: 120_000,
      countryCode: null,
      pageSize: 500,
      maxPages: 10_000,
      folder: ".waybill/poi-import",
    })
    expect(Redacted.value(settings.apiKey)).toBe(key)
  })

  it("take what is set", async () => {
    const settings = await settingsOf({
      ...enough,
      OCM_BASE_URL: "http://127.0.0.1:8080/v3",
      OCM_TIMEOUT_MS: "5000",
      OCM_COUNTRY_CODE: "pt",
      IMPORT_PAGE_SIZE: "250",
      IMPORT_MAX_PAGES: "4",
      IMPORT_FOLDER: "/var/lib/waybill",
    })
    expect(settings).toMatchObject({
      baseUrl: "http://127.0.0.1:8080/v3",
      timeoutMs: 5000,
      countryCode: "PT",
      pageSize: 250,
      maxPages: 4,
      folder: "/var/lib/waybill",
    })
  })

  it("tell all that is missing in one message", async () => {
    expect(await problemOf(Settings.layer, {})).toBe(
      "The environment is not in order: OCM_API_KEY is not set (the key that Open Charge Map gave you, a GUID); MONGO_URI is not set (the database, such as mongodb://127.0.0.1:27017/poi)",
    )
  })

  it("tell all that is wrong in one message, secrets left out", async () => {
    const message = await problemOf(Settings.layer, {
      OCM_BASE_URL: "https://user:hunter2@host/v3?key=hunter2",
      OCM_API_KEY: "hunter2",
      OCM_TIMEOUT_MS: "soon",
      OCM_COUNTRY_CODE: "PRT",
      MONGO_URI: "postgres://user:hunter2@host/poi",
      IMPORT_PAGE_SIZE: "0",
      IMPORT_MAX_PAGES: "1e3",
    })
    for (const name of ["OCM_BASE_URL", "OCM_API_KEY", "OCM_TIMEOUT_MS", "OCM_COUNTRY_CODE", "MONGO_URI", "IMPORT_PAGE_SIZE"])
      expect(message).toContain(name)
    expect(message).toContain("IMPORT_MAX_PAGES is “1e3” (expected the most pages to read, a whole number above 0)")
    expect(message).not.toContain("hunter2")
  })

  it("tell of an address that the driver does not take, without showing it", async () => {
    const layer = Database.layer.pipe(Layer.provide(Settings.layer))
    const message = await problemOf(layer, { OCM_API_KEY: key, MONGO_URI: "mongodb://user:hunter2@host:port:7/poi?x=hunter2" })
    expect(message).toContain("MONGO_URI")
    expect(message).not.toContain("hunter2")
  })
})
