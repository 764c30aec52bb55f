/**
 * The service: drops over HTTP, reports on request, health and metrics, and the schedules.
 *
 * `POST /ingest` and `POST /generate/daily` need the token as `Authorization: Bearer …`; `GET /health` and `GET /metrics` are open, and tell
 * nothing of the data.
 *
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { mkdir, open, rename, rm } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Data, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { archive } from "./archive.ts"
import { query } from "./Database.ts"
import { ingestDrop, ingestFolder } from "./ingest.ts"
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

// the body goes to disk as it comes; a drop is in the folder under its name only when it is complete
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
        yield* Effect.promise(async () => {
          await file.sync()
          await rename(path, join(folder, name))
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
        : Effect.as(Effect.logError(error.message), answer(500, { error: error.message })),
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
              const named = yield* checkName((body as { readonly file?: string } | null)?.file)
              return yield* ingestDrop(drops, named, "http")
            }
            const name = yield* checkName(url.searchParams.get("name"))
            yield* receive(request, drops, name, maxBody)
            return yield* ingestDrop(drops, name, "http")
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

const scheduled = <A, E extends { readonly message: string }, R>(what: string, cron: string, effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.catch(({ message }) => Effect.logError(`${what}: ${message}`)),
    // a defect of one run must not end the ones after it
    Effect.catchCause((cause) => Effect.logError(what, cause)),
    Effect.schedule(Schedule.cron(cron, "UTC")),
  )

/** What is done by the clock (UTC): drops and the hourly workbook at 5 past, the daily summary and the archive at 0:20. */
export const schedules = ({ archive: archiveFolder, drops, keep, reports }: Settings) =>
  Effect.all(
    [
      scheduled("hourly", "5 * * * *", Effect.andThen(ingestFolder(drops, "schedule"), writeHourly(reports))),
      scheduled("daily", "20 0 * * *", Effect.andThen(writeDaily(reports), archive(archiveFolder, keep))),
    ],
    { concurrency: "unbounded", discard: true },
  )

/** The service as a layer: it listens as long as its scope is open. Port 0 is any free one. */
export const layer = (settings: Settings, token: Redacted.Redacted<string>) =>
  HttpRouter.serve(routes(settings, token), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: settings.port })),
  )
