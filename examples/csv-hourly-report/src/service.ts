/**
 * The service: drops over HTTP, reports on request, health and metrics, and the schedules.
 *
 * `POST /ingest` and `POST /generate/daily` need the token as `Authorization: Bearer …`; `GET /health` and `GET /metrics` are open, and tell
 * nothing of the data.
 *
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { link, mkdir, open, rm } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Data, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { archive } from "./archive.ts"
import { query } from "./Database.ts"
import { ingestDrop, ingestFolder } from "./ingest.ts"
import { lastOf } from "./Run.ts"
import { writeDaily, writeHourly } from "./reports.ts"
import type { Settings } from "./Settings.ts"

/** A request that is turned down: the status of the answer, and what would be right. */
class Refused extends Data.TaggedError("Refused")<{ readonly status: number; readonly message: string }> {}

const answer = (status: number, body: unknown) => HttpServerResponse.jsonUnsafe(body, { status })

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

// digests are of one length, and their comparison takes as long whether the first letter is right or none
const authorized = (request: HttpServerRequest.HttpServerRequest, token: Redacted.Redacted<string>) =>
  timingSafeEqual(digest(request.headers["authorization"] ?? ""), digest(`Bearer ${Redacted.value(token)}`))
    ? Effect.void
    : Effect.fail(new Refused({ status: 401, message: "expected the header Authorization: Bearer <token>" }))

const dropName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}\.csv$/i

const checkName = (name: string | null | undefined) =>
  name != null && dropName.test(name)
    ? Effect.succeed(name)
    : Effect.fail(
        new Refused({
          status: 400,
          message: "expected the drop's name, letters, digits, - _ and . only, such as trips_20190115.csv",
        }),
      )

// gives a complete drop its name. A link, unlike a renaming, never takes the place of a file that is there, so of two drops of one name the second
// waits under a name of its own
const named = async (path: string, folder: string, name: string): Promise<string> => {
  for (let free = name; ; free = name.replace(/(\.[^.]*)$/, `.${randomBytes(3).toString("hex")}$1`)) {
    const taken = await link(path, join(folder, free)).then(
      () => false,
      (cause: { readonly code?: string }) => (cause.code === "EEXIST" ? true : Promise.reject(cause)),
    )
    if (!taken) return free
  }
}

// the body goes to disk as it comes; a drop is in the folder under a name only when it is complete. Returns that name
const receive = (request: HttpServerRequest.HttpServerRequest, folder: string, name: string, maxBody: number) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      await mkdir(folder, { recursive: true })
      const path = join(folder, `.${name}.${randomBytes(4).toString("hex")}.part`)
      return { path, file: await open(path, "w") }
    }),
    ({ file, path }) =>
      Effect.gen(function* () {
        let bytes = 0
        yield* request.stream.pipe(
          Stream.mapError(() => new Refused({ status: 400, message: "the body broke off" })),
          Stream.runForEach((piece) => {
            bytes += piece.length
            return bytes > maxBody
              ? Effect.fail(new Refused({ status: 413, message: `the body has more than the ${maxBody} bytes that are allowed` }))
              : Effect.promise(() => file.writeFile(piece))
          }),
        )
        if (bytes === 0) return yield* Effect.fail(new Refused({ status: 400, message: "the body is empty; expected CSV" }))
        return yield* Effect.promise(async () => {
          await file.sync()
          return named(path, folder, name)
        })
      }),
    ({ file, path }) =>
      Effect.promise(async () => {
        await file.close()
        await rm(path, { force: true })
      }),
  )

const told = <A, R>(
  effect: Effect.Effect<A, { readonly message: string }, R>,
  respond: (value: A) => HttpServerResponse.HttpServerResponse,
) =>
  effect.pipe(
    Effect.map(respond),
    Effect.catch((error) =>
      error instanceof Refused
        ? Effect.succeed(answer(error.status, { error: error.message }))
        : Effect.as(
            // addresses and paths are for the log
            Effect.logError(error.message),
            "_tag" in error && error._tag === "DatabaseError"
              ? answer(503, { error: "the database does not answer; a drop that was sent waits in the folder" })
              : answer(500, { error: "it could not be done; the log of the service says why" }),
          ),
    ),
  )

/** The routes. */
export const routes = ({ drops, maxBody, reports }: Settings, token: Redacted.Redacted<string>) =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      yield* router.add("POST", "/ingest", (request) =>
        told(
          Effect.gen(function* () {
            yield* authorized(request, token)
            const url = new URL(request.url, "http://localhost")
            if (/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
              const body = yield* request.json.pipe(
                Effect.mapError(
                  () => new Refused({ status: 400, message: 'expected JSON such as {"file":"trips_20190115.csv"}' }),
                ),
              )
              const file = yield* checkName((body as { readonly file?: string } | null)?.file)
              return yield* ingestDrop(drops, file, "http").pipe(
                Effect.catchTag("DropGone", ({ message }) => Effect.fail(new Refused({ status: 404, message }))),
              )
            }
            const name = yield* checkName(url.searchParams.get("name"))
            const drop = yield* receive(request, drops, name, maxBody)
            return yield* ingestDrop(drops, drop, "http").pipe(
              // somebody, the schedule perhaps, was faster: what came of it is in the history
              Effect.catchTag("DropGone", (gone) =>
                Effect.flatMap(lastOf(drop), (run) => (run === undefined ? Effect.fail(gone) : Effect.succeed(run))),
              ),
            )
          }),
          (run) => answer(run.status === "failed" ? 422 : 200, run),
        ),
      )
      yield* router.add("POST", "/generate/daily", (request) =>
        told(
          Effect.gen(function* () {
            yield* authorized(request, token)
            const day = new URL(request.url, "http://localhost").searchParams.get("day")
            return yield* writeDaily(reports, day ?? undefined).pipe(
              Effect.mapError((error) =>
                error._tag === "ReportError" ? new Refused({ status: 422, message: error.message }) : error,
              ),
            )
          }),
          (run) => answer(200, run),
        ),
      )
      yield* router.add("GET", "/health", () =>
        query("the database does not answer", "SELECT 1").pipe(
          Effect.timeout("5 seconds"),
          Effect.as(answer(200, { status: "ok" })),
          // why is for the log: whoever asks need not be known
          Effect.catch((error) =>
            Effect.as(
              Effect.logError(error.message),
              answer(503, { status: "unavailable", error: "the database does not answer" }),
            ),
          ),
        ),
      )
    }),
  ).pipe(Layer.merge(PrometheusMetrics.layerHttp({ path: "/metrics" })))

/** One thing after another; what one fails of, and what is wrong with its code, is logged, and the next one is still done. */
export const each = <R>(
  steps: ReadonlyArray<readonly [what: string, effect: Effect.Effect<unknown, { readonly message: string }, R>]>,
) =>
  Effect.forEach(
    steps,
    ([what, effect]) =>
      effect.pipe(
        Effect.catch(({ message }) => Effect.logError(`${what}: ${message}`)),
        Effect.catchCause((cause) => Effect.logError(what, cause)),
      ),
    { discard: true },
  )

/** What is done by the clock (UTC): drops and the hourly workbook at 5 past, the daily summary and the archive at 0:20. */
export const schedules = ({ archive: archiveFolder, drops, keep, reports }: Settings) =>
  Effect.all(
    [
      each([
        ["ingest", ingestFolder(drops, "schedule")],
        ["hourly", writeHourly(reports)],
      ]).pipe(Effect.schedule(Schedule.cron("5 * * * *", "UTC"))),
      each([
        ["daily", writeDaily(reports)],
        ["archive", archive(archiveFolder, keep)],
      ]).pipe(Effect.schedule(Schedule.cron("20 0 * * *", "UTC"))),
    ],
    { concurrency: "unbounded", discard: true },
  )

/** The service as a layer: it listens as long as its scope is open. Port 0 is any free one. */
export const layer = (settings: Settings, token: Redacted.Redacted<string>) =>
  HttpRouter.serve(routes(settings, token), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: settings.port })),
  )
