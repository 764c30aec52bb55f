/** The database that the stations go to: the one MONGO_URI names, or `poi`. */
import { Context, Effect, Layer, Redacted } from "effect"
import { type Db, MongoClient } from "mongodb"
import { Settings, SettingsError } from "./Settings.ts"

const named = /^[^/]+:\/\/[^/]+\/[^?]/

const open = (uri: string) =>
  Effect.try({
    // connects at the first call; what is wrong then is the sink's to say
    try: () => new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 }),
    // the driver's words may repeat the address with its password
    catch: () =>
      new SettingsError({
        message:
          "MONGO_URI is not an address the driver takes; user and password need percent-encoding (expected mongodb://user:password@host:27017/poi)",
      }),
  })

/** The database, a service. */
export class Database extends Context.Service<Database, Db>()("@waybill-examples/poi-import/Database") {
  /** Closes its connections with its scope. */
  static readonly layer = Layer.effect(
    Database,
    Effect.gen(function* () {
      const uri = Redacted.value((yield* Settings).mongoUri)
      const client = yield* Effect.acquireRelease(open(uri), (it) => Effect.promise(() => it.close()))
      return named.test(uri) ? client.db() : client.db("poi")
    }),
  )
}
