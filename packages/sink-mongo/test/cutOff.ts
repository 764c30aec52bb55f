/**
 * A worker that is cut off from the server at one of its commands, before that goes out or before its answer comes in, and the commands at
 * which a run tries it.
 */
import { sampled, type TestDatabase } from "@waybill-internal/databases/testing"
import { Effect, type Exit } from "effect"
import { type CommandStartedEvent, type Db, MongoClient } from "mongodb"
import { startProxy, throughProxy } from "./proxy.ts"
import { standalone } from "./support.ts"

/** At which command, counted from 1, and whether the server still gets it. */
export interface Cut {
  readonly at: number
  readonly before: "it goes out" | "its answer comes in"
}

/** How a worker ended. */
export interface Ended<A, E> {
  readonly exit: Exit.Exit<A, E>
  /** How many commands it has sent. */
  readonly sent: number
  readonly isCut: boolean
}

/** What {@link cutOff} takes. */
export interface Options {
  readonly database: TestDatabase
  /** Whether the server shows itself as one without transactions. */
  readonly alone: boolean
  /** Whether the command is the last that is tried; of the commands before, none was. With null none is. */
  readonly isLast: ((event: CommandStartedEvent, number: number) => boolean) | null
  readonly before: Cut["before"]
}

/** Runs something on a connection of its own, which is cut at one command. */
export const cutOff = async <A, E>(
  { alone, before, database, isLast }: Options,
  work: (db: Db) => Effect.Effect<A, E>,
): Promise<Ended<A, E>> => {
  const server = new URL(database.serverUrl)
  const proxy = await startProxy(server.hostname, Number(server.port))
  const client = new MongoClient(throughProxy(database.url, proxy.port), {
    monitorCommands: true,
    // who is cut off finds no server, however long it looks for one; who is not finds it on a busy machine too
    serverSelectionTimeoutMS: isLast === null ? 30_000 : 100,
  })
  let sent = 0
  let isCut = false
  client.on("commandStarted", (event) => {
    sent++
    if (isCut || isLast?.(event, sent) !== true) return
    isCut = true
    ;(before === "it goes out" ? proxy.cut : proxy.cutAnswers)()
  })
  const db = client.db(database.name)
  const exit = await Effect.runPromise(Effect.exit(work(alone ? standalone(db) : db)))
  await client.close()
  await proxy.close()
  return { exit, sent, isCut }
}

/**
 * Tries a third of all cuts that so many commands allow, others in each run: of three commands in a row one is cut before it goes out,
 * one before its answer comes in. A few at once, as waiting for connections that do not come is most of the time.
 */
export const atSomeCommands = async (commands: number, oneCase: (cut: Cut) => Promise<void>): Promise<void> => {
  const all = Array.from({ length: commands }, (_, at) => at + 1).flatMap(
    (at): ReadonlyArray<Cut> => [
      { at, before: "it goes out" },
      { at, before: "its answer comes in" },
    ],
  )
  const cuts = sampled(all, 3)
  await Promise.all(
    [0, 1, 2, 3].map(async (lane) => {
      for (const cut of cuts.filter((_, at) => at % 4 === lane)) await oneCase(cut)
    }),
  )
}
